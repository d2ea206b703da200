// Writes the lists of names that contracts repeats of rooms that it may not import, so that a wrong name is refused where a run is started. Without
// --write it only compares: exit code 1 where a list is not what stands there.
// Usage: node tools/build.mjs && node tools/generators/contract-names.mjs [--write]
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const { methods } = await import(join(root, 'libs/merging/dist/index.js'));
const { TaskIndex } = await import(join(root, 'libs/evaluation/dist/definitions/task-index.js'));
const { shippedTasks } = await import(join(root, 'libs/evaluation/dist/definitions/import-tasks.js'));

const index = new TaskIndex();
await index.addFolder(shippedTasks);

const lists = [
  { path: 'libs/contracts/src/merge/merge-method-names.ts', name: 'mergeMethodNames', what: 'Every merge method, as `methods` of the merging library has them', names: methods.map(({ name }) => name) },
  { path: 'libs/contracts/src/steps/shipped-task-names.ts', name: 'shippedTaskNames', what: 'Every task, group and tag that the evaluation library ships', names: [...index.names(), ...index.tags()] },
];

let stale = false;
for (const { path, name, what, names } of lists) {
  const text = `/** ${what}. Written by \`tools/generators/contract-names.mjs\`. */\nexport const ${name} = [\n${names.map((each) => `  '${each}',\n`).join('')}] as const;\n`;
  if (process.argv.includes('--write')) writeFileSync(join(root, path), text);
  else if (readFileSync(join(root, path), 'utf8') !== text) {
    console.error(`${path}: expected the names that its list has; write them with: node tools/generators/contract-names.mjs --write`);
    stale = true;
  }
}
process.exitCode = stale ? 1 : 0;
