// Makes a service: its folder, and its place in everything that lists the services.
// Usage: node tools/generators/new-service.mjs NAME [--root DIR]      NAME one lower-case word, such as indexer
// Then: npm run bootstrap (links the package), and a first job: node tools/generators/new-event.mjs KIND --job --owner NAME
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [name, flag, folder] = process.argv.slice(2);
const root = flag === '--root' ? folder : join(dirname(fileURLToPath(import.meta.url)), '..', '..');
if (!/^[a-z]+$/.test(name ?? '')) fail(`expected a name of one lower-case word, such as indexer; got ${name ?? 'nothing'}`, 2);
if (existsSync(join(root, 'services', name))) fail(`services/${name} is there already; choose another name`);
const Name = name.replace(/^./, (letter) => letter.toUpperCase());
const written = [];

write(`services/${name}/package.json`, `${JSON.stringify({
  name: `@tunesmith/${name}-service`, version: '0.1.0', private: true, type: 'module', license: 'Apache-2.0', exports: { '.': { types: './src/index.ts', default: './dist/index.js' } },
}, null, 2)}\n`);
write(`services/${name}/project.json`, `${JSON.stringify({
  name: `${name}-service`, $schema: '../../node_modules/nx/schemas/project-schema.json', projectType: 'library', sourceRoot: `services/${name}/src`, tags: ['layer:service', `scope:${name}`],
}, null, 2)}\n`);
write(`services/${name}/src/main.ts`, `import { runService } from '@tunesmith/platform';
import { ${Name}Module } from './${name}.module.js';

await runService(${Name}Module);
`);
write(`services/${name}/src/${name}.module.ts`, `import { Module, type Type } from '@nestjs/common';
import { PlatformModule } from '@tunesmith/platform';

export const ${name}Handlers: Type[] = [];

@Module({
  imports: [
    PlatformModule.forService({
      service: '${name}',
      workerModule: new URL('./worker.js', import.meta.url),
      handlers: ${name}Handlers,
    }),
  ],
})
export class ${Name}Module {}
`);
write(`services/${name}/src/worker.ts`, `import { defineWorker } from '@tunesmith/platform';

/** What the workers of the ${name} may run. Only this file imports domain code. */
export default defineWorker({});
`);
write(`services/${name}/src/index.ts`, `export { ${Name}Module, ${name}Handlers } from './${name}.module.js';\n`);

edit('libs/contracts/src/events/event.ts', (text) => text.replace(/(serviceNames = \[[^\]]*)\]/, `$1, '${name}']`));
edit('vitest.config.mjs', (text) => text.replace('|standalone)-service', `|${name}|standalone)-service`));
edit('tests/architecture/dependency-rule.spec.ts', (text) => text.replace(/(const services = \[[^\]]*)\]/, `$1, '${name}']`));
edit('tests/architecture/event-map.spec.ts', (text) =>
  addImport(text, `import { ${name}Handlers } from '@tunesmith/${name}-service';`).replace(/\n\} satisfies Record<ServiceName/, `\n  ${name}: eventMap(${name}Handlers),\n} satisfies Record<ServiceName`));
edit('services/standalone/src/start-standalone.ts', (text) =>
  addImport(text, `import { ${Name}Module } from '@tunesmith/${name}-service';`).replace(/(workServices: readonly Type\[\] = \[[^\]]*)\]/, `$1, ${Name}Module]`));
edit('infra/compose.yaml', (text) => text.replace(/(\n {2}quantizer:\n {4}<<: \*service\n {4}command: .*\n)/, `$1  ${name}:\n    <<: *service\n    command: ["node", "services/${name}/dist/main.js"]\n`));
console.log(written.join('\n'));

/** Adds an import after the last one. */
function addImport(text, line) {
  const last = [...text.matchAll(/^import .*;$/gm)].at(-1)[0];
  return text.replace(last, () => `${last}\n${line}`);
}

function write(path, text) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  written.push(path);
}

function edit(path, change) {
  const before = readFileSync(join(root, path), 'utf8');
  const after = change(before);
  if (after === before) fail(`${path} is not as expected: nothing could be added; add the service by hand`);
  write(path, after);
}

function fail(message, code = 1) {
  console.error(message);
  process.exit(code);
}
