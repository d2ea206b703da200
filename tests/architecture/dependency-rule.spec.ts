import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { projectGraph } from '../../tools/project-graph.mjs';

// The dependency table of the design (section 1), repeated from the project graph, so that the rule holds even where
// someone silences the lint.

const root = join(import.meta.dirname, '..', '..');
const computeRooms = ['tensor', 'nn', 'checkpoints', 'tokenizers', 'models', 'pictures', 'datasets', 'generation', 'evaluation', 'merging', 'quantization', 'training', 'fusion'];
const domainRooms = ['models', 'checkpoints', 'tokenizers', 'pictures', 'datasets', 'generation', 'evaluation', 'merging', 'quantization', 'training', 'fusion'];
const services = ['registry', 'synthesis', 'trainer', 'merger', 'evaluator', 'quantizer'].map((name) => `${name}-service`);
const service = ['contracts', 'platform', ...domainRooms];

const mayImport: Record<string, readonly string[]> = {
  contracts: [],
  platform: ['contracts'],
  native: [],
  tensor: ['native'],
  nn: ['tensor'],
  checkpoints: ['tensor', 'nn', 'tokenizers'],
  tokenizers: ['tensor', 'nn', 'checkpoints'],
  models: ['tensor', 'nn', 'checkpoints', 'tokenizers'],
  pictures: [],
  datasets: ['tensor', 'nn', 'checkpoints', 'tokenizers', 'models', 'pictures'],
  generation: ['tensor', 'nn', 'checkpoints', 'tokenizers', 'models', 'pictures', 'datasets'],
  evaluation: ['tensor', 'nn', 'checkpoints', 'tokenizers', 'models', 'pictures', 'datasets', 'generation'],
  merging: computeRooms.slice(0, 9),
  quantization: computeRooms.slice(0, 9),
  training: computeRooms.slice(0, 9),
  fusion: computeRooms.slice(0, 12),
  cli: ['contracts'],
  ...Object.fromEntries(services.map((name) => [name, service])),
  'standalone-service': ['contracts', 'platform', ...services],
};

const graph = projectGraph();

test.each(Object.keys(mayImport))('%s imports only the rooms below it', (room) => {
  // A spec may start real servers: the graph does not tell specs from sources, so tests/support is always allowed.
  const imported = (graph.dependencies[room] ?? []).map(({ target }) => target).filter((target) => !target.startsWith('npm:') && target !== 'tests-support');
  expect(imported.filter((target) => !mayImport[room]!.includes(target))).toEqual([]);
});

test('the table names every room', () => {
  const rooms = Object.keys(graph.nodes).filter((name) => !name.startsWith('tests-'));
  expect(rooms.sort()).toEqual(Object.keys(mayImport).sort());
});

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/(^|[/\\])(dist|node_modules|build)[/\\]/.test(name))
    .map((name) => join(root, folder, name));
}

function importsOf(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*'([^']+)'/g)].map(([, specifier]) => specifier!);
}

const compute = computeRooms.flatMap((room) => sources(`libs/${room}/src`));
const outsideWorld = /^(@nestjs\/|typeorm$|@nats-io\/|minio$|@opentelemetry\/|pg$|better-sqlite3$|@tunesmith\/(contracts|platform|cli))/;

test('the compute side knows neither Nest, TypeORM, NATS, S3 nor events', () => {
  const guilty = compute.flatMap((file) => importsOf(file).filter((name) => outsideWorld.test(name)).map((name) => `${relative(root, file)} imports ${name}`));
  expect(guilty).toEqual([]);
});

test('only tensor imports native', () => {
  const guilty = [...compute, ...sources('services')].filter((file) => !relative(root, file).startsWith(join('libs', 'tensor')) && importsOf(file).includes('@tunesmith/native'));
  expect(guilty.map((file) => relative(root, file))).toEqual([]);
});

test('in a service only worker.ts loads domain code', () => {
  const runtimeImport = new RegExp(`^import (?!type )[^;]*?from '@tunesmith/(${computeRooms.join('|')})'`, 'gm');
  const guilty = sources('services')
    .filter((file) => !file.endsWith('.spec.ts') && !/[/\\]worker\.ts$/.test(file) && runtimeImport.test(readFileSync(file, 'utf8')))
    .map((file) => relative(root, file));
  expect(guilty).toEqual([]);
});

test('a model family never imports another family', () => {
  const families = readdirSync(join(root, 'libs/models/src'), { withFileTypes: true }).filter((entry) => entry.isDirectory() && entry.name !== 'testing').map(({ name }) => name);
  const guilty = families.flatMap((family) =>
    sources(`libs/models/src/${family}`).flatMap((file) =>
      importsOf(file).filter((name) => families.some((other) => other !== family && name.startsWith(`../${other}/`))).map((name) => `${relative(root, file)} imports ${name}`),
    ),
  );
  expect(guilty).toEqual([]);
});

test('every model family has the same five files', () => {
  for (const entry of readdirSync(join(root, 'libs/models/src'), { withFileTypes: true }).filter((each) => each.isDirectory() && each.name !== 'testing')) {
    expect(readdirSync(join(root, 'libs/models/src', entry.name)).sort()).toEqual(['config.ts', 'index.ts', 'model.ts', 'weights.ts', `${entry.name.replaceAll('_', '-')}.spec.ts`].sort());
  }
});

test('rooms list what they offer by name and are imported by their index', () => {
  const all = ['libs', 'services', 'native/ts'].flatMap(sources);
  const guilty = all.flatMap((file) => {
    const text = readFileSync(file, 'utf8');
    return [
      ...(/^export \*/m.test(text) ? [`${relative(root, file)}: export *`] : []),
      ...importsOf(file).filter((name) => /^@tunesmith\/[^/]+\//.test(name)).map((name) => `${relative(root, file)}: deep import ${name}`),
    ];
  });
  expect(guilty).toEqual([]);
});
