import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

let copy: string;
beforeEach(() => {
  // Inside the repository, so that the packages resolve; node_modules is ignored by every other tool.
  copy = mkdtempSync(join(root, 'node_modules', '.generator-'));
  const left = (path: string): boolean => !/[/\\](dist|node_modules)([/\\]|$)/.test(path.slice(root.length));
  for (const part of ['libs/contracts', 'services', 'infra/compose.yaml', 'vitest.config.mjs', 'tests/architecture', 'tests/support', 'tools/project-graph.mjs', 'tools/project-graph.d.mts']) cpSync(join(root, part), join(copy, part), { recursive: true, filter: left });
});
afterEach(() => rmSync(copy, { recursive: true, force: true }));

function generate(generator: string, ...args: string[]): string[] {
  return execFileSync(process.execPath, [join(root, 'tools/generators', generator), ...args, '--root', copy], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim().split('\n');
}

/** Type-checks files of the copy; contracts and services are the copy's, the rest is the repository's. */
function typeCheck(services: readonly string[], files: readonly string[]): void {
  const { compilerOptions } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')) as { compilerOptions: object };
  const paths = {
    '@tunesmith/contracts': ['./libs/contracts/src/index.ts'], '@tunesmith/tests-support': ['./tests/support/src/index.ts'],
    ...Object.fromEntries(services.map((service) => [`@tunesmith/${service}-service`, [`./services/${service}/src/index.ts`]])),
  };
  writeFileSync(join(copy, 'tsconfig.json'), JSON.stringify({ compilerOptions: { ...compilerOptions, paths, typeRoots: [join(root, 'node_modules/@types'), join(root, 'node_modules')] }, files: files.filter((file) => file.endsWith('.ts')) }));
  const { status, stdout } = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', copy], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stdout);
}

test('what the generators make stands in every list and type-checks', () => {
  const service = generate('new-service.mjs', 'indexer');
  expect(readFileSync(join(copy, 'infra/compose.yaml'), 'utf8')).toContain('command: ["node", "services/indexer/dist/main.js"]');
  expect(readFileSync(join(copy, 'vitest.config.mjs'), 'utf8')).toContain('|indexer|standalone)-service');

  const job = generate('new-event.mjs', 'index-rows', '--job', '--owner', 'indexer');
  expect(job).toEqual([
    'libs/contracts/src/steps/index-rows.ts', 'libs/contracts/src/index.ts', 'libs/contracts/src/steps/step-kinds.ts', 'services/indexer/src/index-rows-requested.handler.ts',
    'services/indexer/src/index-rows-requested.handler.spec.ts', 'services/indexer/src/indexer.module.ts',
  ]);

  const fact = generate('new-event.mjs', 'model.archived', '--owner', 'registry', '--heard-by', 'evaluator');
  expect(fact).toEqual([
    'libs/contracts/src/events/model.events.ts', 'libs/contracts/src/index.ts', 'libs/contracts/src/catalogue.ts', 'services/evaluator/src/model-archived.handler.ts',
    'services/evaluator/src/model-archived.handler.spec.ts', 'services/evaluator/src/evaluator.module.ts',
  ]);
  // A second one of an area goes into the area's file.
  const another = generate('new-event.mjs', 'dataset.archived', '--owner', 'registry', '--heard-by', 'evaluator');
  expect(another[0]).toBe('libs/contracts/src/events/dataset.events.ts');

  typeCheck(['registry', 'synthesis', 'trainer', 'merger', 'evaluator', 'quantizer', 'indexer'], [...service, ...job, ...fact, ...another]);
});

test.each([
  ['new-service.mjs', ['Indexer'], /one lower-case word/],
  ['new-service.mjs', ['trainer'], /is there already/],
  ['new-event.mjs', ['archived', '--owner', 'registry', '--heard-by', 'registry'], /expected AREA\.VERB/],
  ['new-event.mjs', ['model.archived', '--owner', 'nobody', '--heard-by', 'registry'], /--owner: expected one of registry, /],
  ['new-event.mjs', ['train', '--job', '--owner', 'trainer'], /steps\/train\.ts is there already/],
])('%s %j is refused', (generator, args, message) => {
  expect(() => generate(generator, ...args)).toThrow(message);
});
