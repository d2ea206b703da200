import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { EvaluationError } from '../evaluation-error.js';
import { leaves } from '../harness/load-yaml.js';
import type { FoundTask } from './resolve-tasks.js';
import { readDocuments, type Document } from './documents.js';
import { joinDocuments } from './join-documents.js';
import { downloadSplit, type DatasetHub } from './dataset-hub.js';

export interface DocumentPlaces {
  /** A folder whose files, by their names, go before what the tasks say: `NAME.SPLIT.jsonl` and the like. */
  readonly dataFolder?: string;
  /** Where the tasks are used: paths that are not there beside the YAML may be relative to it, as the datasets library has them. */
  readonly workingFolder?: string;
  /** Tasks that came from another machine read nothing outside of this folder. */
  readonly confinedTo?: string;
  readonly hub?: DatasetHub;
  readonly signal: AbortSignal;
}

/** Words for `dataset_path` that say how files are read, not where. */
const fileReaders = new Set(['files', 'json', 'csv', 'parquet', 'text']);
const endings = ['jsonl', 'json', 'parquet', 'csv', 'tsv', 'txt', 'jsonl.gz', 'json.gz', 'csv.gz'];
const otherNames: Readonly<Record<string, readonly string[]>> = { validation: ['validation', 'val', 'dev'], test: ['test'], train: ['train'], dev: ['dev'] };

/**
 * The documents of a split: from `data_files` beside the YAML, from the data folder, from a folder that `dataset_path` names, else from the hub.
 * @throws EvaluationError `documents-missing`, `documents-outside`, and as `readDocuments`.
 */
export async function findDocuments({ config, folder, optional }: FoundTask, split: string, places: DocumentPlaces): Promise<Document[]> {
  const { dataset_kwargs: options } = config;
  const path = config.dataset_path ?? '';
  const files = filesOf(options?.data_files, split);
  if (files) {
    const base = options?.data_dir === undefined ? folder : resolve(folder, options.data_dir);
    const placed = files.map((file) => [base, ...(places.workingFolder === undefined ? [] : [places.workingFolder])].map((each) => resolve(each, file)));
    return readAll(placed.map((candidates) => candidates.find((path) => existsSync(path)) ?? candidates[0]!), options?.field, config.task, split, places);
  }
  if (fileReaders.has(path)) throw missing(config.task, split, noSplit(options?.data_files, split));
  const own = resolve(folder, path);
  for (const candidate of [places.dataFolder, existsSync(own) && statSync(own).isDirectory() ? own : undefined]) {
    const found = candidate === undefined ? undefined : fileFor(candidate, namesOf(config), split);
    if (found !== undefined) return joinDocuments(await readAll([found], options?.field, config.task, split, places), config, candidate!);
  }
  const wanted = namesOf(config).map((name) => `${name}.${split}.jsonl`).join(' or ');
  // A task that may be left out is one that the data folder has or has not.
  if (!places.hub || (optional && places.dataFolder !== undefined)) throw missing(config.task, split, `${places.dataFolder === undefined ? 'no data folder was given' : `${places.dataFolder} has no ${wanted}`} (or .json, .csv, .parquet)`);
  const downloaded = await downloadSplit(places.hub, { path, name: config.dataset_name ?? undefined, split }, places.signal).catch((cause: unknown) => {
    throw missing(config.task, split, `${places.dataFolder === undefined ? '' : `${places.dataFolder} has no ${wanted}, and `}hf:${path} cannot be read: ${(cause as Error).message}`, cause);
  });
  return (await Promise.all(downloaded.map((file) => readDocuments(file)))).flat();
}

async function readAll(files: readonly string[], field: string | undefined, task: string, split: string, { confinedTo }: DocumentPlaces): Promise<Document[]> {
  for (const file of files) {
    if (confinedTo !== undefined && leaves(confinedTo, file)) throw new EvaluationError({ message: `The task "${task}" reads ${file}, which is not part of what was sent. Put its files beside the YAML.`, code: 'documents-outside', facts: { task, file } });
    if (!existsSync(file)) throw missing(task, split, `there is no file ${file}`);
  }
  return (await Promise.all(files.map((file) => readDocuments(file, field)))).flat();
}

function noSplit(files: string | string[] | Record<string, string | string[]> | undefined, split: string): string {
  if (files === undefined) return 'dataset_kwargs.data_files is not given';
  if (typeof files === 'string' || Array.isArray(files)) return `dataset_kwargs.data_files names no split, which makes its files the split "train"; write data_files: {${split}: ${JSON.stringify([files].flat()[0] ?? 'FILE')}}`;
  return `dataset_kwargs.data_files has the splits ${Object.keys(files).join(', ')}`;
}

/** Files without a split are the split "train", as in the datasets library. */
function filesOf(files: string | string[] | Record<string, string | string[]> | undefined, split: string): string[] | undefined {
  if (files === undefined) return undefined;
  const bySplit = typeof files === 'string' || Array.isArray(files) ? { train: files } : files;
  const own = Object.hasOwn(bySplit, split) ? bySplit[split] : undefined;
  return own === undefined ? undefined : [own].flat();
}

/** What files in a data folder may be called: after the configuration, the task, a name of their own, the dataset, also without its owner in front (openai/openai_humaneval). */
function namesOf({ dataset_name, task, data_name, dataset_path }: FoundTask['config']): string[] {
  const [owner, published] = dataset_path ? [basename(dirname(dataset_path)), basename(dataset_path)] : [];
  const alone = owner !== undefined && published!.startsWith(`${owner}_`) ? published!.slice(owner.length + 1) : undefined;
  return [...new Set([dataset_name, task, data_name, published, alone].filter((name): name is string => typeof name === 'string' && name !== ''))];
}

/** `NAME.SPLIT.ENDING` (the split may go on with a number, as in train1500), `NAME/SPLIT.ENDING`, else one file `NAME.ENDING` for all splits. */
function fileFor(folder: string, names: readonly string[], split: string): string | undefined {
  const listing = existsSync(folder) ? readdirSync(folder) : [];
  const isData = (rest: string) => endings.includes(rest);
  for (const name of names) {
    for (const spelled of otherNames[split] ?? [split]) {
      const exact = listed(listing, endings.map((ending) => `${name}.${spelled}.${ending}`));
      const numbered = listing.filter((file) => file.startsWith(`${name}.${spelled}`) && /^\d+\./.test(file.slice(name.length + spelled.length + 1)) && isData(file.slice(file.indexOf('.', name.length + spelled.length + 1) + 1)));
      const nested = endings.map((ending) => join(name, `${spelled}.${ending}`)).find((file) => existsSync(join(folder, file)));
      const found = exact ?? (numbered.length === 1 ? numbered[0] : undefined) ?? nested;
      if (found !== undefined) return join(folder, found);
    }
  }
  for (const name of names) {
    const single = listed(listing, endings.map((ending) => `${name}.${ending}`));
    if (single !== undefined) return join(folder, single);
  }
  return undefined;
}

/** The first of the wanted names that is there, else as somebody spelled it (HumanEval.jsonl for humaneval.jsonl). */
function listed(listing: readonly string[], wanted: readonly string[]): string | undefined {
  return wanted.find((file) => listing.includes(file)) ?? listing.find((file) => wanted.includes(file.toLowerCase()));
}

function missing(task: string, split: string, reason: string, cause?: unknown): EvaluationError {
  return new EvaluationError({ message: `The task "${task}" has no documents of the split "${split}": ${reason}. Give a folder with them (--data), or name them in dataset_kwargs.data_files.`, code: 'documents-missing', facts: { task, split }, cause });
}
