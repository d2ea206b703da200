import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { Option } from 'commander';
import { defineCommand } from '../command.js';
import { CommandError } from '../errors.js';
import { readGivenFile } from '../read-given-file.js';
import { outputOf } from '../runs/artifact-of.js';
import { resolveModel } from '../runs/references.js';
import { runJob } from '../runs/run-job.js';
import { stepSettings, type StepSettings } from '../runs/step-settings.js';
import type { Session } from '../session.js';
import { formatNumber } from '../terminal/format.js';
import { table } from '../terminal/table.js';

interface Options {
  readonly adapter?: string;
  readonly input: string;
  readonly dtype?: string;
}

interface ScoredRow {
  readonly tokenIds: readonly number[];
  /** Natural logarithms; the first token has none. */
  readonly logProbs: readonly (number | null)[];
}

export const score = defineCommand<[model: string], Options>({
  configure(command) {
    command
      .argument('<model>', 'a registered reference or a path')
      .option('--adapter <adapter>', 'a LoRA adapter of the model: a registered reference or a PEFT folder')
      .requiredOption('--input <file>', 'JSON lines: {"text"}, {"prompt","completion"} or {"messages"}; - reads standard input')
      .addOption(new Option('--dtype <dtype>', 'what the weights are computed in; model: its own type (default: "float32")').choices(['bfloat16', 'float32', 'model']))
      .addHelpText('after', '\nExample: tunesmith score smollm2@prod --input texts.jsonl --json');
  },

  async run({ arguments: [model], options }, session) {
    const source = options.input === '-' ? await text(process.stdin) : await readGivenFile(options.input, '--input', 'a file of JSON lines');
    const settings = await stepSettings('score', { rows: { option: '--input', value: parseRows(source, options.input) }, dtype: { option: '--dtype', value: options.dtype } });
    const job = await runJob(session, { name: 'score', uses: 'score', with: { ...settings, ...(await resolveModel(session, model, options.adapter)) } });
    const rows = await readScores(session, outputOf(job, 'scores').digest);
    return { document: { rows }, lines: describe(rows) };
  },
});

/** The scores as the artifact holds them: the metrics of a run have room for few only. */
async function readScores(session: Session, digest: string): Promise<ScoredRow[]> {
  const platform = await session.platform();
  const lines = createInterface({ input: await platform.download('GET /v1/artifacts/{digest}/files/{path*}', { parameters: { digest, path: 'rows.jsonl' } }) });
  const rows: ScoredRow[] = [];
  for await (const line of lines) {
    const row: unknown = JSON.parse(line);
    if (!isScoredRow(row)) throw new CommandError({ message: `expected scores with tokenIds and logProbs; got ${line.slice(0, 80)}`, code: 'unexpected-answer' });
    rows.push(row);
  }
  return rows;
}

function isScoredRow(value: unknown): value is ScoredRow {
  return typeof value === 'object' && value !== null && 'tokenIds' in value && 'logProbs' in value && Array.isArray(value.tokenIds) && Array.isArray(value.logProbs);
}

function parseRows(source: string, path: string): StepSettings[string][] {
  const rows: StepSettings[string][] = [];
  for (const [index, line] of source.split('\n').entries()) {
    if (line.trim() === '') continue;
    try {
      rows.push(JSON.parse(line) as StepSettings[string]);
    } catch (cause) {
      throw new CommandError({ message: `${path}:${index + 1}: expected a JSON object on the line; ${(cause as Error).message}`, code: 'row-not-json', facts: { file: path, line: index + 1 }, cause });
    }
  }
  if (rows.length === 0) throw new CommandError({ message: `${path}: expected at least one row; the file has none`, code: 'no-rows' });
  return rows;
}

function describe(rows: readonly ScoredRow[]): string[] {
  const cells = rows.map(({ tokenIds, logProbs }, index) => {
    const known = logProbs.filter((value) => value !== null);
    const sum = known.reduce((total, value) => total + value, 0);
    return [String(index + 1), String(tokenIds.length), formatNumber(sum), known.length > 0 ? formatNumber(Math.exp(-sum / known.length)) : ''];
  });
  return table(['ROW', 'TOKENS', 'LOG-PROBABILITY', 'PERPLEXITY'], cells, ['ROW', 'TOKENS', 'LOG-PROBABILITY', 'PERPLEXITY']);
}
