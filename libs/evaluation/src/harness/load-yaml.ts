import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { parseDocument, type ScalarTag } from 'yaml';
import { EvaluationError } from '../evaluation-error.js';
import { replacePythonFunctions } from './python-functions.js';
import { PythonFunction } from './task-config.js';

/** Stands for `!function NAME`, so that the field which holds it can be named, or be replaced by a file that includes this one. */
const functionTag: ScalarTag = { tag: '!function', resolve: (text) => new PythonFunction(text) };

/**
 * The fields of a YAML file with those of the files that it includes, whose own ones win, relative to where each stands.
 * `confinedTo`: no file outside of this folder is read.
 * @throws EvaluationError `task-file-unreadable`, `task-yaml-invalid`, `task-include-cycle`, `documents-outside`.
 */
export async function loadYaml(path: string, confinedTo?: string, including: readonly string[] = []): Promise<Record<string, unknown>> {
  if (confinedTo !== undefined && leaves(confinedTo, path)) throw new EvaluationError({ message: `Expected a file among those that were sent; got ${path}. Put it beside the YAML.`, code: 'documents-outside', facts: { path } });
  if (including.includes(path)) {
    throw new EvaluationError({ message: `${path} includes itself: ${[...including, path].join(' -> ')}. Remove one of these includes.`, code: 'task-include-cycle', facts: { path } });
  }
  const { include, ...own } = (await replacePythonFunctions(await readYaml(path), dirname(path), confinedTo)) as Record<string, unknown>;
  let merged: Record<string, unknown> = {};
  for (const included of include === undefined || include === null ? [] : [include].flat()) {
    const { task_list: _itsOwn, ...fields } = await loadYaml(resolve(dirname(path), String(included)), confinedTo, [...including, path]);
    merged = { ...merged, ...fields };
  }
  return { ...merged, ...own };
}

async function readYaml(path: string): Promise<Record<string, unknown>> {
  const source = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new EvaluationError({ message: `Expected a task's YAML at ${path}; ${(cause as Error).message}.`, code: 'task-file-unreadable', facts: { path }, cause });
  });
  const document = parseDocument(source, { customTags: [functionTag], version: '1.1', merge: true });
  const [problem] = document.errors;
  if (problem) throw new EvaluationError({ message: `${path} is not valid YAML: ${problem.message}`, code: 'task-yaml-invalid', facts: { path }, cause: problem });
  const fields: unknown = document.toJS({ maxAliasCount: 1000 });
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    throw new EvaluationError({ message: `${path}: expected the fields of a task or a group; got ${Array.isArray(fields) ? 'a list' : String(fields)}.`, code: 'task-yaml-invalid', facts: { path } });
  }
  return fields as Record<string, unknown>;
}

export function leaves(folder: string, file: string): boolean {
  const inside = relative(folder, file);
  return inside.startsWith('..') || isAbsolute(inside);
}
