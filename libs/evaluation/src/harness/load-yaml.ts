import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { Lexer, parseDocument, type Document, type ScalarTag } from 'yaml';
import { EvaluationError } from '../evaluation-error.js';
import { replacePythonFunctions } from './python-functions.js';
import { isShortForm } from './short-form.js';
import { PythonFunction } from './task-config.js';
import { pythonScalars } from './yaml-scalars.js';

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
  const document = parseLikePython(source);
  const invalid = (problem: Error) => new EvaluationError({ message: `${path} is not valid YAML: ${problem.message.trimEnd().replace(/([^.])$/, '$1.')} Put texts that hold quotes, colons or {{ }} in quotes, or write them as a block (key: |).`, code: 'task-yaml-invalid', facts: { path }, cause: problem });
  const [repeated] = document.errors.filter(({ code }) => code === 'DUPLICATE_KEY');
  const [problem] = document.errors.filter(({ code }) => code !== 'DUPLICATE_KEY');
  if (problem) throw invalid(problem);
  let fields: unknown;
  try {
    fields = document.toJS({ maxAliasCount: 1000 });
  } catch (cause) {
    throw invalid(cause as Error);
  }
  // Published tasks repeat keys, and the harness takes the last; who writes our own form is told.
  if (repeated && typeof fields === 'object' && fields !== null && isShortForm(fields as Record<string, unknown>)) throw invalid(repeated);
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    throw new EvaluationError({ message: `${path}: expected the fields of a task or a group; got ${Array.isArray(fields) ? 'a list' : String(fields)}.`, code: 'task-yaml-invalid', facts: { path } });
  }
  return fields as Record<string, unknown>;
}

/**
 * PyYAML goes on with a text in quotes, or a list in brackets, on lines that YAML wants indented further. Those lines are indented here: blanks at the start
 * of a line mean nothing in either.
 */
function parseLikePython(source: string): Document {
  let text = source;
  for (let lines = source.split('\n').length; ; lines -= 1) {
    const document = parseDocument(text, { schema: 'failsafe', customTags: [functionTag, ...pythonScalars], merge: true });
    const repaired = lines > 0 ? indented(text, document) : undefined;
    if (repaired === undefined) return document;
    text = repaired;
  }
}

const deeper = ' '.repeat(40);

/** The text with the lines indented that its first error comes from; undefined where it comes from something else. */
function indented(text: string, { errors: [problem] }: Document): string | undefined {
  if (!problem) return undefined;
  const cut = cutText(text);
  if (cut) {
    const start = text.indexOf('\n', cut.end) + 1;
    const rest = cut.quote === '"' ? /(?:[^"\\]|\\[^])*"/y : /(?:[^']|'')*'/y;
    rest.lastIndex = start;
    const [continued] = (start > 0 && rest.exec(text)) || [];
    if (continued === undefined) return undefined;
    return text.slice(0, start) + continued.replace(/^(?=.*\S)/gm, deeper) + text.slice(start + continued.length);
  }
  if (problem.code !== 'BAD_INDENT' || !problem.message.startsWith('Flow ')) return undefined;
  const start = text.lastIndexOf('\n', problem.pos[0] - 1) + 1;
  return text.slice(0, start) + deeper + text.slice(start);
}

/** Says of the next piece that it is a text without quotes. */
const plainNext = '\u001f';

/** Where the first text in quotes is cut off because its next line is not indented enough. */
function cutText(text: string): { quote: string; end: number } | undefined {
  let end = 0;
  let isPlain = false;
  for (const piece of new Lexer().lex(text)) {
    if (piece === plainNext || piece === '\u0002' || piece === '\u0018') {
      isPlain = piece === plainNext;
      continue;
    }
    end += piece.length;
    const quote = piece[0];
    if (!isPlain && ((quote === '"' && !/^"(?:[^"\\]|\\[^])*"$/.test(piece)) || (quote === "'" && !/^'(?:[^']|'')*'$/.test(piece)))) return { quote, end: end - 1 };
    isPlain = false;
  }
  return undefined;
}

export function leaves(folder: string, file: string): boolean {
  const inside = relative(folder, file);
  return inside.startsWith('..') || isAbsolute(inside);
}
