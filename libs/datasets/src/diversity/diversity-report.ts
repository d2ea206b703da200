/** Words of the texts of a set. */
export interface LengthSummary {
  readonly mean: number;
  readonly median: number;
  readonly longest: number;
}

/** Rows of one origin. */
export interface SourceSummary {
  readonly source: string;
  readonly rows: number;
  readonly instructionWords: LengthSummary;
  readonly responseWords: LengthSummary;
}

export interface RootVerb {
  readonly verb: string;
  readonly count: number;
  readonly nouns: readonly { readonly noun: string; readonly count: number }[];
}

/** How varied instructions and answers are, as LaMini-LM examines it (2304.14402, section 4). */
export interface DiversityReport {
  readonly rows: number;
  readonly sources: readonly SourceSummary[];
  /** Of all instructions: how many have a root verb with an object, how many different pairs there are, and the most frequent ones. */
  readonly rootVerbs: { readonly found: number; readonly pairs: number; readonly verbs: readonly RootVerb[] };
  /** MTLD of all instructions, and of all answers, one after the other. */
  readonly lexical: { readonly instructions: number; readonly responses: number };
  /** Where an encoder was given: the mean cosine of pairs of instructions (lower is more varied), of so many of them. */
  readonly meanings?: { readonly instructions: number; readonly meanCosine: number };
  /** Where topics guided: how many different ones were asked for, and how many of the guided rows name one of theirs. */
  readonly topics?: { readonly asked: number; readonly rows: number; readonly named: number; readonly most: readonly { readonly topic: string; readonly rows: number }[] };
}
