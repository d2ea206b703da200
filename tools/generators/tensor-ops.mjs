// Writes libs/tensor/src/ops.generated.ts: the curated operators as typed functions, from the schemas that libtorch has registered.
// Usage: node tools/generators/tensor-ops.mjs [--check]     (--check only says whether the file is fresh)
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const target = join(root, 'libs/tensor/src/ops.generated.ts');

// Arguments that only matter on devices or layouts we do not offer, or that no caller of ours may want. They keep their defaults.
const leftOut = new Set(['layout', 'pin_memory', 'non_blocking', 'memory_format', 'implicit', 'sparse', 'sparse_grad', 'scale_grad_by_freq', 'cudnn_enable', 'driver', 'path', 'out_int32', 'sorter']);

const camel = (name) => (name.length > 1 && name === name.toUpperCase() ? name.toLowerCase() : name[0].toLowerCase() + name.slice(1)).replace(/_+(\w)/g, (_, letter) => letter.toUpperCase());
// `default` as a parameter name would not parse; none of the curated operators has one, and the compiler would say so.

/** The TypeScript type of an argument and how its value crosses. */
function argumentType({ type, size }) {
  const optional = type.endsWith('?');
  const inner = (optional ? type.slice(0, -1) : type).replace(/^SymInt/, 'int');
  const forms = {
    Tensor: ['Tensor', 'handleOf'],
    'Tensor[]': ['readonly Tensor[]', 'handlesOf'],
    'Tensor?[]': ['readonly (Tensor | null)[]', 'handlesOf'],
    int: ['number'],
    'int[]': [size ? 'number | readonly number[]' : 'readonly number[]'],
    float: ['number'],
    'float[]': ['readonly number[]'],
    bool: ['boolean'],
    'bool[]': ['readonly boolean[]'],
    str: ['string'],
    Scalar: ['number | boolean'],
    'Scalar[]': ['readonly number[]'],
    ScalarType: ['DType'],
    Device: ['string'],
    Generator: ['RandomGenerator', 'generatorOf'],
  };
  const form = forms[inner];
  if (!form) throw new Error(`no TypeScript form for the schema type ${type}`);
  return { type: form[0] + (optional ? ' | null' : ''), convert: form[1] };
}

function resultType(type) {
  const forms = { Tensor: ['Tensor', 'tensorFrom'], 'Tensor[]': ['Tensor[]', 'tensorsFrom'], bool: ['boolean'], int: ['number'] };
  const form = forms[type];
  if (!form) throw new Error(`no TypeScript form for the result type ${type}`);
  return { type: form[0], convert: form[1] };
}

function generate([operator, name, summary], native) {
  const dot = operator.indexOf('.');
  const [base, overload] = dot < 0 ? [operator, ''] : [operator.slice(0, dot), operator.slice(dot + 1)];
  const schema = native.schema(base, overload);
  const parameters = [];
  const values = [];
  // A parameter may be left out when it and all behind it may.
  const shown = schema.arguments.filter((argument) => !leftOut.has(argument.name));
  const lastRequired = shown.findLastIndex((argument) => argument.fallback === null);
  for (const argument of schema.arguments) {
    if (leftOut.has(argument.name)) {
      if (argument.fallback === null) throw new Error(`${operator}: ${argument.name} is required`);
      values.push('undefined');
      continue;
    }
    const { type, convert } = argumentType(argument);
    const identifier = camel(argument.name);
    const mayMiss = argument.fallback !== null;
    const optional = mayMiss && shown.indexOf(argument) > lastRequired;
    parameters.push(`${identifier}${optional ? '?' : ''}: ${type}${mayMiss && !optional ? ' | undefined' : ''}`);
    values.push(convert ? `${convert}(${identifier})` : identifier);
  }
  while (values.at(-1) === 'undefined') values.pop();
  const call = `(${name}Operator ??= resolve('${base}', '${overload}'))(${values.join(', ')})`;

  const fresh = schema.results.filter((result) => !result.written);
  let returns;
  let body;
  if (schema.results.length > 0 && fresh.length === 0) {
    returns = 'Tensor';
    body = [`${call};`, `return ${camel(schema.arguments[0].name)};`];
  } else if (fresh.length === 0) {
    returns = 'void';
    body = [`${call};`];
  } else if (fresh.length === 1) {
    const { type, convert } = resultType(fresh[0].type);
    returns = type;
    body = [convert ? `return ${convert}(${call});` : `return ${call} as ${type};`];
  } else {
    const labels = fresh.every((result) => result.name) ? fresh.map((result) => `${camel(result.name)}: `) : fresh.map(() => '');
    const types = fresh.map((result) => resultType(result.type));
    returns = `[${types.map(({ type }, place) => labels[place] + type).join(', ')}]`;
    body = types.every(({ type }) => type === 'Tensor')
      ? [`return tensorsFrom(${call}) as ${returns};`]
      : [`const results = ${call} as readonly NativeResult[];`, `return [${types.map(({ type, convert }, place) => (convert ? `${convert}(results[${place}]!)` : `results[${place}] as ${type}`)).join(', ')}];`];
  }
  const documentation = summary.length + schema.text.length > 110 ? [`/**`, ` * ${summary}`, ` * ${schema.text}`, ` */`] : [`/** ${summary} ${schema.text} */`];
  return [`let ${name}Operator: NativeOperator | undefined;`, ...documentation, `export function ${name}(${parameters.join(', ')}): ${returns} {`, ...body.map((line) => `  ${line}`), `}`, ``].join('\n');
}

/** The list is plain data: its types are stripped so that the generator runs before anything is compiled. */
async function curatedOperators() {
  const source = readFileSync(join(root, 'libs/tensor/src/curated-operators.ts'), 'utf8');
  const script = source.replace(/export const curatedOperators:[^=]*=/, 'export const curatedOperators =');
  return (await import(`data:text/javascript,${encodeURIComponent(script)}`)).curatedOperators;
}

/** The text that ops.generated.ts should have. */
export async function generateTensorOps() {
  const native = createRequire(import.meta.url)(join(root, 'native/build/compute.node'));
  const operators = await curatedOperators();
  const names = operators.map(([, name]) => name);
  const twice = names.filter((name, place) => names.indexOf(name) !== place);
  if (twice.length > 0) throw new Error(`curated-operators.ts names ${twice.join(', ')} twice`);
  return [
    `// Written by tools/generators/tensor-ops.mjs from curated-operators.ts and the registered schemas. Do not edit: run \`node tools/generators/tensor-ops.mjs\`.`,
    `import type { NativeOperator, NativeResult } from '@tunesmith/native';`,
    `import type { DType } from './dtype.js';`,
    `import { generatorOf, handleOf, handlesOf, resolve, tensorFrom, tensorsFrom } from './operator-support.js';`,
    `import type { RandomGenerator } from './random.js';`,
    `import type { Tensor } from './tensor.js';`,
    ``,
    ...operators.map((entry) => generate(entry, native)),
  ].join('\n');
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const text = await generateTensorOps();
  if (process.argv.includes('--check')) {
    const fresh = readFileSync(target, 'utf8') === text;
    console.log(fresh ? 'ops.generated.ts is fresh' : 'ops.generated.ts is stale: run `node tools/generators/tensor-ops.mjs`');
    process.exitCode = fresh ? 0 : 1;
  } else {
    writeFileSync(target, text);
    console.log(`${target}: ${text.split('\nexport function ').length - 1} operators`);
  }
}
