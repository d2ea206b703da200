// Makes a merge method: a file, its spec, and one line in methods.ts.
// Usage: node tools/generators/new-merge-method.mjs NAME [--root DIR]      NAME in kebab-case, such as task-arithmetic
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [name, flag, folder] = process.argv.slice(2);
const root = flag === '--root' ? folder : join(dirname(fileURLToPath(import.meta.url)), '..', '..');
if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name ?? '')) {
  console.error(`expected a name in kebab-case, such as task-arithmetic; got ${name ?? 'nothing'}`);
  process.exit(2);
}

const methods = join(root, 'libs/merging/src/methods');
const list = join(root, 'libs/merging/src/methods.ts');
const constant = name.replace(/-([a-z0-9])/g, (_, letter) => letter.toUpperCase());
if (existsSync(join(methods, `${name}.ts`))) {
  console.error(`libs/merging/src/methods/${name}.ts is there already; choose another name`);
  process.exit(1);
}

writeFileSync(
  join(methods, `${name}.ts`),
  `import { ops } from '@tunesmith/tensor';
import type { MergeMethod } from '../merge-method.js';

/** The formula in one line, with the paper's section. This one is the plain mean: replace it. */
export const ${constant}: MergeMethod = {
  name: '${name}',
  title: '${name.replace(/-/g, ' ').replace(/^./, (letter) => letter.toUpperCase())}',
  paper: null,
  takes: { kind: 'models', base: 'member', least: 1, most: Infinity },
  parameters: {},
  merge({ models }) {
    return ops.divScalar(models.reduce((total, model) => ops.add(total, model)), models.length);
  },
};
`,
);
writeFileSync(
  join(methods, `${name}.spec.ts`),
  `import { scope, tensor } from '@tunesmith/tensor';
import { describeMergeMethod } from '../testing/describe-merge-method.js';
import { mergeTensors } from '../testing/merge-tensors.js';
import { ${constant} } from './${name}.js';

describeMergeMethod(${constant});

test('${name} of two weights, by hand', () => {
  scope(() => {
    const models = [tensor([1, 2], { shape: [2] }), tensor([3, 4], { shape: [2] })];
    expect(mergeTensors(${constant}, { models }).toArray()).toEqual([2, 3]);
  });
});
`,
);
const text = readFileSync(list, 'utf8');
const imports = [...text.matchAll(/^import \{ \w+ \} from '\.\/methods\/.*$/gm)].at(-1)[0];
writeFileSync(
  list,
  text
    .replace(imports, `${imports}\nimport { ${constant} } from './methods/${name}.js';`)
    .replace(/(export const methods: readonly MergeMethod\[\] = \[[^\]]*)\]/, `$1  ${constant},\n]`),
);
console.log(`libs/merging/src/methods/${name}.ts\nlibs/merging/src/methods/${name}.spec.ts\nlibs/merging/src/methods.ts`);
