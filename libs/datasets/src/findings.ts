import { increment } from './dataset-report.js';
import type { FileCounts } from './file-counts.js';
import type { Problem, ProblemCode } from './problem.js';

/** Everything that was found wrong: counted always, spelled out for the first few. */
export class Findings {
  readonly listed: Problem[] = [];
  readonly reasons = new Map<ProblemCode, number>();
  count = 0;
  rows = 0;

  constructor(private readonly limit: number) {}

  add(problem: Problem): void {
    this.count += 1;
    this.note(problem);
  }

  /** Something that is told, but that no import fails for. */
  note(problem: Problem): void {
    increment(this.reasons, problem.code);
    if (this.listed.length < this.limit) this.listed.push(problem);
  }

  dropRow(files: FileCounts): void {
    this.rows += 1;
    files.drop();
  }

  /** `name`: of the file, where the problems do not say it. */
  text(name: string): string {
    const more = this.count - this.listed.length;
    return [...this.listed.map(({ file, line, message }) => `${file ?? name}:${line}: ${message}`), ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
  }
}
