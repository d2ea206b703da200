import type { TeacherAddress } from '../teachers/address-client.js';
import type { TeacherSource } from '../teachers/open-teacher.js';
import type { TeacherSampling } from '../teachers/teacher.js';
import type { JournalPlace } from '../teachers/teacher-journal.js';
import type { Grade } from './judge.js';
import type { TopicFilter } from './read-topics.js';
import type { WordLimits } from './text-filters.js';

export type { TeacherAddress };

/** Which rows are kept. */
export interface FilterOptions {
  readonly instructionWords: WordLimits;
  readonly responseWords: WordLimits;
  /** ISO 639-3 codes; absent: any language. */
  readonly languages?: readonly string[] | undefined;
  /** Share of common shingles from which an instruction counts as a near duplicate; absent: only exact ones do. */
  readonly nearDuplicates?: number | undefined;
  readonly refusals: boolean;
}

/** What both kinds of synthesis are told. */
export interface AnsweringOptions {
  readonly teacher: TeacherSource;
  /** Another model that grades the rows, and the grades that are kept; absent: no judge. */
  readonly judge?: { readonly model: TeacherSource; readonly keep: readonly Grade[] } | undefined;
  /** How answers are drawn. */
  readonly responses: TeacherSampling;
  readonly filters: FilterOptions;
  readonly seed: number;
  /** Prompts that are asked together and stored together. */
  readonly batch: number;
  /** What the rows' `source` says. */
  readonly source: string;
  readonly validationShare: number;
  /** A sentence encoder, for the spread of meanings in the report; absent: the report does without. */
  readonly encoderFolder?: string | undefined;
  /** Where answers are kept between attempts. */
  readonly journal: JournalPlace;
}

export interface SynthesizeInstructionsOptions extends AnsweringOptions {
  /** A dataset folder whose questions are the seeds. */
  readonly seedsFolder: string;
  /** Seeds longer than this are never shown. */
  readonly longestSeed: number;
  /** Rows wanted. */
  readonly rows: number;
  /** The most requests for instructions. */
  readonly mostRequests: number;
  readonly examples: number;
  readonly items: number;
  /** Part of the requests that topics guide. */
  readonly topicShare: number;
  readonly topicsPerRequest: number;
  /** A file of topics; absent: where topics guide, the teacher names them. */
  readonly topics?: { readonly file: string; readonly filter: TopicFilter } | undefined;
  readonly instructions: TeacherSampling;
}

export interface SynthesizeResponsesOptions extends AnsweringOptions {
  /** A dataset folder whose questions are answered anew. */
  readonly datasetFolder: string;
}
