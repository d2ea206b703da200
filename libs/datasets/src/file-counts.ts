import type { FirstSeen } from './content-table.js';
import { increment, sorted, type FileReport } from './dataset-report.js';
import type { ParsedRecord } from './parse-row.js';
import type { Problem } from './problem.js';
import { nameMeaning, type NameMeaning } from './sources/file-kind.js';

/** What each file of a source held. */
export class FileCounts {
  readonly forms = new Map<string, number>();
  readonly ignoredKeys = new Map<string, number>();
  private readonly files: { readonly name: string; readonly forms: Map<string, number>; rows: number; dropped: number }[] = [];

  /** `named`: there are several, so that each is told by its name, and its name means something. */
  constructor(private readonly named: boolean) {}

  /** The number of the file at hand, from 0. */
  get current(): number {
    return this.files.length - 1;
  }

  get reports(): FileReport[] {
    return this.files.map(({ name, forms, rows, dropped }) => ({ ...(this.named ? { name } : {}), forms: sorted(forms), rows, dropped }));
  }

  /** Begins the next file; returns what its name says of its rows. */
  begin(name: string): NameMeaning {
    this.files.push({ name, forms: new Map(), rows: 0, dropped: 0 });
    return this.named ? nameMeaning(name) : {};
  }

  place(line: number): Pick<Problem, 'file' | 'line'> {
    return this.named ? { file: this.files.at(-1)!.name, line } : { line };
  }

  describe({ file, line }: FirstSeen): string {
    return file === this.current ? `line ${line}` : `${this.files[file]!.name}:${line}`;
  }

  add({ format, ignored }: ParsedRecord): void {
    const file = this.files.at(-1)!;
    file.rows += 1;
    increment(file.forms, format);
    increment(this.forms, format);
    for (const key of ignored) increment(this.ignoredKeys, key);
  }

  drop(): void {
    this.files.at(-1)!.dropped += 1;
  }
}
