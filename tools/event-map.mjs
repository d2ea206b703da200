// Prints who sends and who hears every event: event -> owner -> handlers. Read from the catalogue and from the handlers' decorators.
// Usage: node tools/event-map.mjs [--json]
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { status } = spawnSync(process.execPath, [join(root, 'tools/build.mjs')], { stdio: ['ignore', 'inherit', 'inherit'] });
if (status !== 0) process.exit(status ?? 1);

const { catalogue, questions, serviceNames } = await import('@tunesmith/contracts');
const { eventMap } = await import('@tunesmith/platform');

const handlers = [];
for (const service of serviceNames) {
  const offered = await import(`@tunesmith/${service}-service`);
  for (const entry of eventMap(offered[`${service}Handlers`])) handlers.push({ service, ...entry });
}

const kebab = (name) => name.replace(/Handler$/, '').replace(/(?<!^)([A-Z])/g, '-$1').toLowerCase();
const fileOf = ({ service, handler }) => `services/${service}/src/${kebab(handler)}.handler.ts`;
// What platform itself sends and hears stands in no handler.
const byPlatform = {
  'job.progressed.v1': { sentBy: ['libs/platform: the job runner of every service'], heardBy: [] },
  'job.cancel-requested.v1': { sentBy: ['services/registry/src/runs/job-stopper.ts'], heardBy: ['libs/platform: the job runner of every service'] },
  'respond.asked.v1': { sentBy: ['services/registry/src/openai/openai.controller.ts'], heardBy: [] },
  'telemetry.spans-finished.v1': { sentBy: ['libs/platform: the telemetry of every service'], heardBy: [] },
};

const map = [...catalogue, ...questions.map((question) => ({ ...question, kind: 'question' }))].map(({ subject, kind, owner, description }) => {
  const extra = byPlatform[subject] ?? { sentBy: [], heardBy: [] };
  return {
    subject, kind, owner, description,
    sentBy: [...handlers.filter(({ emits }) => emits.includes(subject)).map(fileOf), ...extra.sentBy],
    heardBy: [...handlers.filter(({ hears }) => hears.includes(subject)).map(fileOf), ...extra.heardBy],
  };
});

if (process.argv.includes('--json')) console.log(JSON.stringify(map, null, 2));
else {
  for (const { subject, kind, owner, sentBy, heardBy } of map) {
    console.log(`${subject}  (${kind}, owner ${owner})`);
    for (const file of sentBy) console.log(`  sent by   ${file}`);
    for (const file of heardBy) console.log(`  heard by  ${file}`);
  }
}
// A handler's module may have opened nothing, but some libraries keep timers.
process.exit(map.every(({ sentBy, heardBy }) => sentBy.length > 0 && heardBy.length > 0) ? 0 : 1);
