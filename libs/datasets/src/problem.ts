/** What may be wrong with a row of a file from outside. */
export type ProblemCode =
  | 'byte-order-mark'
  | 'invalid-utf8'
  | 'too-long'
  | 'invalid-json'
  | 'invalid-csv'
  | 'not-an-object'
  | 'unknown-format'
  | 'unknown-key'
  | 'bad-value'
  | 'unknown-role'
  | 'role-order'
  | 'empty-content'
  | 'no-answer'
  | 'unknown-tool'
  | 'split-conflict';

export interface Problem {
  /** Counted from 1; of a JSON array, the line on which the row begins. */
  readonly line: number;
  /** Which file of a folder or archive. */
  readonly file?: string;
  readonly code: ProblemCode;
  /** What was expected and what came. */
  readonly message: string;
}

/** Where validators put what they find about the row at hand. */
export type Report = (code: ProblemCode, message: string) => void;

/** How a wrong value is shown in a message: short, quoted, on one line. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
