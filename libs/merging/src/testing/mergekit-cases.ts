import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openSafetensors, weightDtypes } from '@tunesmith/checkpoints';
import { fromBytes, type Tensor } from '@tunesmith/tensor';
import { findMergeMethod } from '../methods.js';
import { tensorSeed } from '../tensor-seed.js';
import { mergeTensors } from './merge-tensors.js';

/** tests/parity, where the cases stand and the script that has mergekit merge them. */
export const parityFolder = join(import.meta.dirname, '..', '..', '..', '..', 'tests', 'parity');

export type MergeCases = Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;

export async function readMergeCases(): Promise<MergeCases> {
  return JSON.parse(await readFile(join(parityFolder, 'merge-cases.json'), 'utf8')) as MergeCases;
}

/** Every tensor of a file, by name; the caller disposes them. */
export async function readTensors(path: string): Promise<Map<string, Tensor>> {
  await using source = await openSafetensors(path);
  const tensors = new Map<string, Tensor>();
  for (const name of source.names()) {
    const { dtype, shape } = source.info(name);
    tensors.set(name, fromBytes(await source.read(name), { shape, dtype: weightDtypes.get(dtype)! }));
  }
  return tensors;
}

/** What we make of a case whose result make-merge-fixtures.py named `key`, METHOD.CASE.base|alone:WEIGHT. */
export function mergeAsMergekit(key: string, cases: MergeCases, inputs: ReadonlyMap<string, Tensor>, requestSeed: number): Tensor {
  const [, name, index, with_, weight] = /^(.*)\.(\d+)\.(base|alone):(.*)$/.exec(key)!;
  const method = findMergeMethod(name!);
  const count = method.takes.kind === 'models' ? Math.min(method.takes.most, 3) : 0;
  const models = Array.from({ length: count }, (_, number) => inputs.get(`${number + 1}:${weight}`)!);
  const base = with_ === 'base' ? inputs.get(`0:${weight}`)! : null;
  return mergeTensors(method, { name: weight!, base, models, seed: tensorSeed(requestSeed, weight!) }, cases[name!]![Number(index)]!);
}

const throughFloat32 = ['dare_linear', 'dare_ties', 'della', 'della_linear'];

/** Whether the arithmetic is mergekit's: of float64 these methods there lose what float32 does not hold, here nothing. */
export function isComparable(key: string, dtype: string): boolean {
  return dtype !== 'float64' || !throughFloat32.includes(key.slice(0, key.indexOf('.')));
}

/** How many elements differ, and how many by more than one unit in the last place of their dtype. */
export function countDifferences(ours: Tensor, theirs: Tensor): { readonly elements: number; readonly unequal: number; readonly beyondOne: number } {
  const distances = ours.dtype === 'float64' ? wideDistances(ours, theirs) : narrowDistances(ours, theirs);
  return { elements: distances.length, unequal: distances.filter((distance) => distance > 0).length, beyondOne: distances.filter((distance) => distance > 1).length };
}

function narrowDistances(ours: Tensor, theirs: Tensor): number[] {
  const [one, other] = [ours, theirs].map(orderedBits) as [number[], number[]];
  return one.map((value, index) => Math.abs(value - other[index]!));
}

/** Beyond what a number holds: as `orderedBits`, by big integers. */
function wideDistances(ours: Tensor, theirs: Tensor): number[] {
  const [one, other] = [ours, theirs].map((tensor) => Array.from(new BigUint64Array(tensor.toBytes().buffer), (each) => (each >= 2n ** 63n ? 2n ** 63n - each : each))) as [bigint[], bigint[]];
  return one.map((value, index) => Math.abs(Number(value - other[index]!)));
}

/** Neighbouring numbers of a dtype as neighbouring integers; both zeros are 0. */
function orderedBits(tensor: Tensor): number[] {
  const bytes = tensor.toBytes();
  const bits = tensor.dtype === 'float32' ? Array.from(new Uint32Array(bytes.buffer)) : Array.from(new Uint16Array(bytes.buffer));
  const sign = tensor.dtype === 'float32' ? 2 ** 31 : 2 ** 15;
  return bits.map((each) => (each >= sign ? sign - each : each));
}
