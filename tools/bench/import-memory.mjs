// Peak memory of an import of a generated file of chat rows, and its time; the rows are made in a process of their own.
// Usage: node tools/build.mjs && node tools/bench/import-memory.mjs [--gigabytes 1] [--drop-duplicates near] [--folder DIR]
import { spawnSync } from 'node:child_process';
import { createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { printFigure, root } from './figure.mjs';

const options = { gigabytes: { type: 'string', default: '1' }, 'drop-duplicates': { type: 'string' }, folder: { type: 'string', default: tmpdir() }, part: { type: 'string' } };
const { values } = parseArgs({ options });
const { counterUniform, importDataset } = await import(join(root, 'libs/datasets/dist/index.js'));

if (values.part === 'make') await makeRows(join(values.folder, 'rows.jsonl'), Number(values.gigabytes) * 1e9);
else if (values.part === 'import') await measure();
else {
  const folder = mkdtempSync(join(values.folder, 'import-memory-'));
  try {
    for (const part of ['make', 'import']) {
      const { status } = spawnSync(process.execPath, ['--no-warnings', fileURLToPath(import.meta.url), '--part', part, '--folder', folder, '--gigabytes', values.gigabytes, ...(values['drop-duplicates'] ? ['--drop-duplicates', values['drop-duplicates']] : [])], { stdio: 'inherit' });
      if (status !== 0) process.exitCode = status ?? 1;
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Rows of about a kilobyte with the frequencies of a language; one in twenty nearly repeats an earlier one. */
async function makeRows(path, bytes) {
  const vocabulary = Array.from({ length: 20_000 }, (_, index) => Math.floor(counterUniform(1, 5, index) * 26 ** (3 + (index % 7))).toString(36).replace(/\d/g, 'e'));
  const text = (seed, count) => Array.from({ length: count }, (_, place) => vocabulary[Math.floor(vocabulary.length * counterUniform(seed, 0, place) ** 3)]).join(' ');
  const pool = Array.from({ length: 20_000 }, (_, seed) => text(seed, 45));
  function* rows() {
    let written = 0;
    for (let row = 0; written < bytes; ) {
      let block = '';
      for (const end = row + 500; row < end; row += 1) {
        const seed = row % 20 === 19 ? row - 10 : row;
        const pick = (stream) => pool[Math.floor(pool.length * counterUniform(seed, stream, 0))];
        block += `${JSON.stringify({ messages: [{ role: 'user', content: `${pick(1)} ${row}?` }, { role: 'assistant', content: `${pick(2)}. ${pick(3)}.` }] })}\n`;
      }
      written += block.length;
      yield block;
    }
  }
  await pipeline(Readable.from(rows()), createWriteStream(path));
}

async function measure() {
  const path = join(values.folder, 'rows.jsonl');
  const began = performance.now();
  const report = await importDataset(path, join(values.folder, 'out'), values['drop-duplicates'] ? { dropDuplicates: values['drop-duplicates'] } : {}, { signal: new AbortController().signal, onProgress: () => undefined });
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  console.log(`${(statSync(path).size / 1e9).toFixed(2)} GB: ${report.rows} rows kept, ${report.nearDuplicates.rows} near duplicates in them, ${report.dropped.nearDuplicates} left out`);
  printFigure('peak resident memory of the import', maxRSS / 1024, 'MB', 600, 0);
  printFigure('time', (performance.now() - began) / 1000, 's', undefined, 0);
  printFigure('processor time', (userCPUTime + systemCPUTime) / 1e6, 's', undefined, 0);
}
