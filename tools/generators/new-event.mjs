// Makes an event: its entry in contracts, the handler of whoever hears it, and the handler's spec.
// Usage: node tools/generators/new-event.mjs AREA.VERB --owner SERVICE --heard-by SERVICE [--root DIR]   a fact, such as model.archived
//        node tools/generators/new-event.mjs KIND --job --owner SERVICE [--root DIR]                      a kind of job with its four events, such as detect
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const usage = 'expected AREA.VERB --owner SERVICE --heard-by SERVICE, or KIND --job --owner SERVICE';
const { values, positionals } = readArguments();
const root = values.root ?? join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const services = [...readFileSync(join(root, 'libs/contracts/src/events/event.ts'), 'utf8').match(/serviceNames = \[([^\]]*)\]/)[1].matchAll(/'([^']+)'/g)].map(([, name]) => name);
const written = [];

const kebab = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const pascal = (name) => name.replace(/(^|[-.])([a-z0-9])/g, (_, _separator, letter) => letter.toUpperCase());
const camel = (name) => pascal(name).replace(/^./, (letter) => letter.toLowerCase());

if (values.job) makeJob(positionals[0], values.owner);
else makeFact(positionals[0], values.owner, values['heard-by']);
console.log(written.join('\n'));

function readArguments() {
  try {
    return parseArgs({ allowPositionals: true, options: { owner: { type: 'string' }, 'heard-by': { type: 'string' }, job: { type: 'boolean' }, root: { type: 'string' } } });
  } catch (error) {
    fail(`${usage}; ${error.message}`, 2);
  }
}

function makeFact(subject, owner, hearer) {
  const [area, verb, ...rest] = subject?.split('.') ?? [];
  if (!kebab.test(area ?? '') || !kebab.test(verb ?? '') || rest.length > 0) fail(`${usage}; got ${subject ?? 'nothing'}`, 2);
  expectService(owner, '--owner');
  expectService(hearer, '--heard-by');
  const name = pascal(subject);
  const file = `libs/contracts/src/events/${area}.events.ts`;
  const isNew = !existsSync(join(root, file));
  const before = isNew ? `import { z } from 'zod';\nimport { Id } from '../ids.js';\nimport { defineEvent } from './event.js';\n` : read(file);
  if (before.includes(`export const ${name} `)) fail(`${file} has ${name} already; choose another name`);
  const withId = /import \{[^}]*\bId\b[^}]*\} from '\.\.\/ids\.js';/.test(before) ? before : before.replace(/^(import .*\n)/, `$1import { Id } from '../ids.js';\n`);
  write(file, `${withId}
export const ${name} = defineEvent({
  subject: '${subject}.v1', kind: 'fact', owner: '${owner}',
  description: 'Sent by the ${owner} when WHAT HAS HAPPENED; the ${hearer} DOES WHAT. Say what counts.',
  payload: z.strictObject({ id: Id }),
});
`);
  const exported = `export { ${name} } from './events/${area}.events.js';`;
  edit('libs/contracts/src/index.ts', (text) => addLine(text, exported));
  edit('libs/contracts/src/catalogue.ts', (text) => addLine(text, `import { ${name} } from './events/${area}.events.js';`).replace(/\n\];/, `\n  ${name},\n];`));
  makeFactHandler(`${area}-${verb}`, name, hearer);
}

function makeFactHandler(file, event, service) {
  const handler = `${pascal(file)}Handler`;
  refuseExisting(`services/${service}/src/${file}.handler.ts`);
  write(`services/${service}/src/${file}.handler.ts`, `import { ${event}, type PayloadOf } from '@tunesmith/contracts';
import { done, Handles, type Delivery, type Outcome } from '@tunesmith/platform';

/** One sentence: what the ${service} does about it. What it writes and sends goes through the delivery, in one transaction. */
@Handles(${event}, { emits: [] })
export class ${handler} {
  async handle(_payload: PayloadOf<typeof ${event}>, _delivery: Delivery): Promise<Outcome> {
    return done();
  }
}
`);
  write(`services/${service}/src/${file}.handler.spec.ts`, `import { ${event}, findEvent } from '@tunesmith/contracts';
import { eventMap } from '@tunesmith/platform';
import { ${handler} } from './${file}.handler.js';

test('${file} is heard', () => {
  expect(findEvent(${event}.subject)).toBe(${event});
  expect(eventMap([${handler}])).toEqual([{ handler: '${handler}', hears: [${event}.subject], emits: [] }]);
});
`);
  addHandler(service, file, handler);
}

function makeJob(kind, owner) {
  if (!kebab.test(kind ?? '')) fail(`${usage}; got ${kind ?? 'nothing'}`, 2);
  expectService(owner, '--owner');
  if (owner === 'registry') fail('expected a service that works; the registry decides, and imports; put the job elsewhere');
  const [constant, spec] = [camel(kind), `${pascal(kind)}Spec`];
  refuseExisting(`libs/contracts/src/steps/${kind}.ts`);
  write(`libs/contracts/src/steps/${kind}.ts`, `import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { defineStepKind } from './step-kind.js';

export const ${spec} = z.strictObject({
  model: ArtifactRef,
});
export type ${spec} = z.infer<typeof ${spec}>;

export const ${constant} = defineStepKind({
  name: '${kind}',
  description: 'One sentence for whoever writes a recipe.',
  owner: '${owner}',
  spec: ${spec},
  references: { model: 'model' },
  outputs: {},
  events: defineJobEvents('${kind}', '${owner}', ${spec}, 'Completed means WHAT; it does not mean WHAT ELSE.'),
  cacheable: true,
});
`);
  edit('libs/contracts/src/index.ts', (text) => addLine(text, `export { ${constant}, ${spec} } from './steps/${kind}.js';`));
  edit('libs/contracts/src/steps/step-kinds.ts', (text) => addLine(text, `import { ${constant} } from './${kind}.js';`).replace(/(stepKinds: readonly StepKind\[\] = \[[^\]]*)\]/, `$1  ${constant},\n]`));
  const file = `${kind}-requested`;
  const handler = `${pascal(file)}Handler`;
  refuseExisting(`services/${owner}/src/${file}.handler.ts`);
  write(`services/${owner}/src/${file}.handler.ts`, `import { ${constant}, type ${spec} } from '@tunesmith/contracts';
import { ArtifactStore, HandlesJob, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';

/** One sentence: what becomes of the request. The work itself goes to a worker: a function of worker.ts, run by WorkerPool. */
@HandlesJob(${constant})
export class ${handler} implements JobHandler<${spec}> {
  constructor(private readonly artifacts: ArtifactStore) {}

  async handle({ model }: ${spec}, job: RunningJob): Promise<JobResult> {
    await using inputs = await this.artifacts.stage({ model }, job.signal);
    return { outputs: {}, metrics: { folder: inputs.model } };
  }
}
`);
  write(`services/${owner}/src/${file}.handler.spec.ts`, `import { ${constant} } from '@tunesmith/contracts';
import { JobBench } from '@tunesmith/tests-support';
import { ${camel(owner)}Handlers } from './${owner}.module.js';

let bench: JobBench;
beforeAll(async () => void (bench = await JobBench.start({ service: '${owner}', handlers: ${camel(owner)}Handlers })));
afterAll(() => bench?.[Symbol.asyncDispose]());

test('${kind} is done on the staged model', async () => {
  const model = await bench.artifact('model', { 'config.json': {} });
  expect(await bench.run(${constant}, { model })).toMatchObject({ status: 'succeeded', metrics: { folder: expect.stringContaining(model.digest.slice(7)) } });
});
`);
  addHandler(owner, file, handler);
}

/** Puts a handler into the list of its service's module. */
function addHandler(service, file, handler) {
  edit(`services/${service}/src/${service}.module.ts`, (text) =>
    addLine(text, `import { ${handler} } from './${file}.handler.js';`)
      .replace(/(Handlers(?:: [^=]+)? = \[)([^\]]*)\]/, (_, start, list) => `${start}${[...list.split(',').map((name) => name.trim()).filter(Boolean), handler].join(', ')}]`));
}

/** Adds an import or export line after the last of its kind. */
function addLine(text, line) {
  const word = line.split(' ')[0];
  const last = [...text.matchAll(new RegExp(`^${word} .*;$`, 'gm'))].at(-1);
  return last ? text.replace(last[0], () => `${last[0]}\n${line}`) : `${line}\n${text}`;
}

function expectService(name, option) {
  if (!services.includes(name)) fail(`${option}: expected one of ${services.join(', ')}; got ${name ?? 'nothing'}`, 2);
}

function refuseExisting(path) {
  if (existsSync(join(root, path))) fail(`${path} is there already; choose another name`);
}

function read(path) {
  return readFileSync(join(root, path), 'utf8');
}

function write(path, text) {
  writeFileSync(join(root, path), text);
  written.push(path);
}

function edit(path, change) {
  const before = read(path);
  const after = change(before);
  if (after === before) fail(`${path} is not as expected: nothing could be added; add it by hand`);
  write(path, after);
}

function fail(message, code = 1) {
  console.error(message);
  process.exit(code);
}
