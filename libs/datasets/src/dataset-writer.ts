import { mkdir, open, rename, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatasetReport } from './dataset-report.js';
import { reportFile, rowsFile } from './dataset-files.js';
import { readRowsFile } from './read-rows.js';
import { serializeRow, type Row } from './row.js';

/** Writes a dataset folder. Nothing stands under its final name before `finish`; disposing it unfinished leaves nothing behind. */
export class DatasetWriter implements AsyncDisposable {
  private pending: string[] = [];
  private pendingCharacters = 0;
  private finished = false;

  private constructor(
    private readonly folder: string,
    private file: FileHandle,
  ) {}

  static async create(folder: string): Promise<DatasetWriter> {
    await mkdir(folder, { recursive: true });
    return new DatasetWriter(folder, await open(join(folder, `${rowsFile}.part`), 'w'));
  }

  async add(row: Row): Promise<void> {
    const line = `${serializeRow(row)}\n`;
    this.pending.push(line);
    this.pendingCharacters += line.length;
    if (this.pendingCharacters > 1 << 20) await this.flush();
  }

  /** Goes over the rows that were added, and keeps those whose place, from 0, is wanted; `onKept` is told of each. */
  async keepOnly(wanted: (place: number) => boolean, onKept: (row: Row) => void, signal: AbortSignal): Promise<void> {
    await this.flush();
    await this.file.close();
    const [part, all] = [join(this.folder, `${rowsFile}.part`), join(this.folder, `${rowsFile}.all`)];
    await rename(part, all);
    try {
      this.file = await open(part, 'w');
      let place = 0;
      for await (const row of readRowsFile(all, { signal })) {
        if (wanted(place)) {
          onKept(row);
          await this.add(row);
        }
        place += 1;
      }
    } finally {
      await rm(all);
    }
  }

  async finish(report: DatasetReport): Promise<void> {
    await this.flush();
    await this.file.close();
    await writeFile(join(this.folder, reportFile), `${JSON.stringify(report, null, 2)}\n`);
    await rename(join(this.folder, `${rowsFile}.part`), join(this.folder, rowsFile));
    this.finished = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.finished) return;
    await this.file.close();
    await rm(join(this.folder, `${rowsFile}.part`), { force: true });
  }

  private async flush(): Promise<void> {
    const text = this.pending.join('');
    this.pending = [];
    this.pendingCharacters = 0;
    // Unlike write, writeFile goes on until every byte is down.
    if (text) await this.file.appendFile(text);
  }
}
