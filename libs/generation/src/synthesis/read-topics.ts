import { readFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import { GenerationError } from '../generation-error.js';

export interface TopicFilter {
  readonly mostWords: number;
  readonly leastSubcategories: number;
  readonly leastPages: number;
}

/** Two words at most, more than 10 sub-categories, more than 50 pages (2304.14402, section 3.1): longer or smaller ones are too narrow for most teachers. */
export const paperTopicFilter: TopicFilter = { mostWords: 2, leastSubcategories: 11, leastPages: 51 };

export interface TopicList {
  readonly topics: readonly string[];
  /** Titles in the file. */
  readonly read: number;
  /** Why the others were left out. */
  readonly dropped: { readonly words: number; readonly subcategories: number; readonly pages: number; readonly duplicate: number };
}

interface Category {
  readonly title: string;
  readonly subcategories?: number;
  readonly pages?: number;
}

/**
 * Topics of a file: plain titles, one a line; or categories with their sizes, as JSON lines `{"title","subcategories","pages"}` or as CSV or TSV with these names in
 * the first line. A size that the file does not tell is not judged.
 *
 * @throws GenerationError `topics-unreadable`, `topics-none-left`
 */
export async function readTopics(path: string, filter: TopicFilter = paperTopicFilter): Promise<TopicList> {
  const categories = parseCategories(await readFile(path, 'utf8'), path);
  const dropped = { words: 0, subcategories: 0, pages: 0, duplicate: 0 };
  const topics = new Set<string>();
  for (const { title, subcategories = Infinity, pages = Infinity } of categories) {
    if (title.split(/[\s_]+/).length > filter.mostWords) dropped.words += 1;
    else if (subcategories < filter.leastSubcategories) dropped.subcategories += 1;
    else if (pages < filter.leastPages) dropped.pages += 1;
    else if (topics.has(title)) dropped.duplicate += 1;
    else topics.add(title);
  }
  if (topics.size > 0) return { topics: [...topics], read: categories.length, dropped };
  throw new GenerationError({
    message: `${path}: expected at least one topic; of ${categories.length} titles none has at most ${filter.mostWords} words, ${filter.leastSubcategories} sub-categories and ${filter.leastPages} pages. Give another file, or loosen the filter.`,
    code: 'topics-none-left',
    facts: { path, read: categories.length, dropped },
  });
}

function parseCategories(text: string, path: string): Category[] {
  const body = text.replace(/^\uFEFF/, '').trim();
  const [first = ''] = body.split('\n', 1);
  const fail = (line: number, reason: string): never => {
    throw new GenerationError({ message: `${path}:${line}: expected a title, or a category with title, subcategories and pages; ${reason}.`, code: 'topics-unreadable', facts: { path, line } });
  };
  if (first.startsWith('{')) return body.split('\n').flatMap((line, index) => (line.trim() === '' ? [] : [categoryOf(parseJson(line, () => fail(index + 1, 'not valid JSON')), () => fail(index + 1, `got ${line.slice(0, 80)}`))]));
  const names = first.split(/[\t,]/).map((name) => name.trim().toLowerCase());
  if (names.length > 1 && names.includes('title')) {
    try {
      const records: Record<string, string>[] = parse(body, { columns: (header: string[]) => header.map((name) => name.trim().toLowerCase()), delimiter: first.includes('\t') ? '\t' : ',', skip_empty_lines: true, trim: true });
      return records.map((record, index) => categoryOf({ title: record['title'], ...sizeIn(record, 'subcategories'), ...sizeIn(record, 'pages') }, () => fail(index + 2, `got ${JSON.stringify(record).slice(0, 80)}`)));
    } catch (error) {
      if (error instanceof GenerationError) throw error;
      return fail(1, error instanceof Error ? error.message : String(error));
    }
  }
  return body.split('\n').map((line) => line.trim()).filter(Boolean).map((title) => ({ title: title.replaceAll('_', ' ') }));
}

function sizeIn(record: Readonly<Record<string, string>>, key: string): Record<string, number> {
  const value = record[key];
  return value === undefined || value === '' ? {} : { [key]: Number(value) };
}

function parseJson(text: string, fail: () => never): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return fail();
  }
}

function categoryOf(value: unknown, fail: () => never): Category {
  if (typeof value !== 'object' || value === null) return fail();
  const { title, subcategories, pages } = value as Record<string, unknown>;
  const isSize = (size: unknown): size is number | undefined => size === undefined || (typeof size === 'number' && size >= 0);
  if (typeof title !== 'string' || title.trim() === '' || !isSize(subcategories) || !isSize(pages)) return fail();
  return { title: title.trim().replaceAll('_', ' '), ...(subcategories !== undefined && { subcategories }), ...(pages !== undefined && { pages }) };
}
