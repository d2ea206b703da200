import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../testing/run-command.js';
import { sampleDigest, sampleRun, sampleRunId, succeededRun } from '../testing/sample-run.js';
import { sendEvents, TinyPlatform } from '../testing/tiny-platform.js';

const refOf = (kind: string) => ({ digest: sampleDigest, size: 4_700, mediaType: `application/vnd.tunesmith.${kind}.v1+folder` });
let home: string;
beforeAll(async () => void (home = await mkdtemp(join(tmpdir(), 'synthesize-'))));
afterAll(() => rm(home, { recursive: true, force: true }));

const rows = '{}\n';
const usage = { completions: 9, promptTokens: 4000, newTokens: 1200, cost: 0.25 };
const metrics = {
  rows: 7, wanted: 8, teacher: 'small at example.com', stoppedBy: 'spending-cap', filters: [{ stage: 'instruction', filter: 'format', dropped: 2 }, { stage: 'response', filter: 'refusal', dropped: 0 }],
  usage: { teacher: usage }, instructions: { requests: 3, items: 20, unclosed: 1, kept: 9 },
};

async function synthesize(words: readonly string[], more: readonly string[] = []): Promise<{ settings: unknown; code: number | null; stdout: string; stderr: string }> {
  await using platform = await TinyPlatform.start({
    'POST /v1/runs': sampleRun(),
    [`GET /v1/runs/${sampleRunId}/events`]: (_request, answer) => {
      sendEvents(answer)('end', succeededRun({ name: 'synthesize', uses: 'synthesize', outputs: { dataset: refOf('dataset'), report: refOf('report') }, metrics }));
      answer.end();
    },
    [`GET /v1/artifacts/${encodeURIComponent(sampleDigest)}`]: { mediaType: refOf('dataset').mediaType, files: [{ path: 'rows.jsonl', digest: `sha256:${createHash('sha256').update(rows).digest('hex')}`, size: rows.length }] },
    [`GET /v1/artifacts/${encodeURIComponent(sampleDigest)}/files/rows.jsonl`]: (_request, answer) => answer.end(rows),
    'POST /v1/uploads': { id: 'u1', reference: 'upload:u1' }, 'PATCH /v1/uploads/u1': { files: [{ path: 'model.gguf', received: 4 }] }, 'POST /v1/uploads/u1/complete': { complete: true },
  });
  const { code, stdout, stderr } = await runCommand(['dataset', 'synthesize', ...words, ...more], { environment: { ...platform.environment, TUNESMITH_HOME: home } });
  const settings = platform.seen('POST /v1/runs').length === 1 ? (platform.bodyOf('POST /v1/runs') as { steps: { synthesize: { with: object } } }).steps.synthesize.with : undefined;
  return { settings, code, stdout, stderr };
}

test.each<[string, object]>([
  ['helpdesk --model smollm2@prod --placeholder NAME=Juniper', { kind: 'self-replay', dataset: 'helpdesk', model: 'smollm2@prod', placeholders: { NAME: 'Juniper' } }],
  ['--kind instructions --teacher qwen@prod --seeds seeds', { kind: 'instructions', teacher: 'qwen@prod', seeds: 'seeds' }],
  ['questions --kind responses --teacher qwen --answer-tokens 64 --answer-temperature 0.3 --name answered', { kind: 'responses', dataset: 'questions', teacher: 'qwen', responses: { temperature: 0.3, maxNewTokens: 64 }, name: 'answered' }],
  ['--kind instructions --teacher qwen --seeds s --rows 9 --requests 4 --examples 2 --items 5 --topics teacher --topic-words 3 --temperature 0.7 --top-p 0.9 --instruction-tokens 200 --min-words 2 --max-words 30 --answer-words 80 --language eng --near-duplicates off --keep-refusals --judge smol --judge-keeps A --source lot --seed 4 --batch 8 --dtype float32', {
    kind: 'instructions', teacher: 'qwen', seeds: 's', rows: 9, mostRequests: 4, examples: 2, items: 5, topicShare: 0.5, topicFilter: { mostWords: 3 }, instructions: { temperature: 0.7, topP: 0.9, maxNewTokens: 200 },
    filters: { instructionWords: { least: 2, most: 30 }, responseWords: { most: 80 }, languages: ['eng'], nearDuplicates: null, refusals: false }, judge: 'smol', judgeKeeps: ['A'], source: 'lot', seed: 4, batch: 8, dtype: 'float32',
  }],
  ['--kind instructions --teacher https://example.com/v1 --teacher-model small --key-variable OPENAI_API_KEY --prices 0.15:0.6 --spending-cap 5 --concurrency 8 --requests-per-minute 60 --timeout 30 --retries 1 --seeds s', {
    kind: 'instructions', seeds: 's',
    teacherAddress: { url: 'https://example.com/v1', model: 'small', keyVariable: 'OPENAI_API_KEY', prices: { promptPerMillion: 0.15, answerPerMillion: 0.6 }, spendingCap: 5, concurrency: 8, requestsPerMinute: 60, timeoutSeconds: 30, retries: 1 },
  }],
  ['--kind instructions --teacher qwen --seeds s --judge https://example.com/v1 --judge-model large --judge-key-variable OPENAI_API_KEY --judge-prices 1:2 --judge-spending-cap 3', {
    kind: 'instructions', teacher: 'qwen', seeds: 's', judgeAddress: { url: 'https://example.com/v1', model: 'large', keyVariable: 'OPENAI_API_KEY', prices: { promptPerMillion: 1, answerPerMillion: 2 }, spendingCap: 3 },
  }],
])('dataset synthesize %s', async (line, expected) => {
  const { settings, stderr } = await synthesize(line.split(' '));
  if (settings === undefined) throw new Error(stderr);
  expect(settings).toEqual(expected);
});

test('a GGUF file goes to the platform as it is, for llama.cpp', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'teacher-'));
  await writeFile(join(folder, 'model.gguf'), 'GGUF');
  const { settings } = await synthesize(['--kind', 'instructions', '--seeds', 's', '--teacher', join(folder, 'model.gguf')]);
  expect(settings).toEqual({ kind: 'instructions', seeds: 's', teacherFile: 'upload:u1' });
  await rm(folder, { recursive: true });
});

test('tells what came of it, and how much', async () => {
  const words = ['--kind', 'instructions', '--teacher', 'qwen', '--seeds', 's'];
  const { code, stdout } = await synthesize(words);
  expect(code).toBe(0);
  for (const text of ['rows: 7 of 8 wanted: the spending cap was reached', 'instructions: 9 of 20 items from 3 requests; 1 items not closed', 'left out: 2 instruction format', 'teacher: small at example.com, 4000 tokens read, 1200 written, 0.2500 spent']) expect(stdout).toContain(text);
  expect(JSON.parse((await synthesize(words, ['--json'])).stdout)).toMatchObject({ metrics, outputs: { report: { artifact: sampleDigest } } });
});

test.each([
  ['helpdesk', /--kind self-replay: expected --model <model>; got none/],
  ['--kind instructions --teacher t', /--kind instructions: expected --seeds <dataset>; got none/],
  ['--kind responses', /expected --teacher <teacher> and DATASET; got none/],
  ['d --kind responses --teacher t --seeds s', /--kind responses: expected none of --seeds/],
  ['d --kind instructions --teacher t --seeds s', /expected no DATASET, because seeds are given by --seeds; got d/],
  ['d --model m --judge j', /--kind self-replay: expected none of --judge/],
  ['--kind instructions --teacher t --seeds s --spending-cap 3', /--spending-cap: expected an address as --teacher; got t/],
  ['--kind instructions --teacher https://e.com/v1 --seeds s', /--teacher-model: expected what the server calls the model/],
  ['--kind instructions --teacher https://e.com/v1 --teacher-model m --seeds s --spending-cap 3', /--spending-cap: expected --prices/],
  ['--kind instructions --teacher https://e.com/v1 --teacher-model m --seeds s --key-variable TUNESMITH_TOKEN', /--key-variable: expected the name of an environment variable in capitals that ends in _API_KEY/],
  ['--kind instructions --teacher t --seeds s --examples 1', /--examples: expected a number of at least/],
  ['--kind instructions --teacher t --seeds s --prices cheap', /Expected what a million tokens/],
  ['--kind instructions --teacher t --seeds s --judge-keeps A', /--judge: expected the model that grades/],
  ['--kind instructions --teacher t --seeds s --judge j --judge-model m', /--judge-model: expected an address as --judge; got j/],
  ['--kind instructions --teacher t --seeds s --judge https://e.com/v1 --judge-model m --judge-spending-cap 1', /--judge-spending-cap: expected --judge-prices/],
  ['--kind instructions --teacher t --seeds s --judge https://e.com/v1 --judge-model m --judge-spending-cap -1 --judge-prices 1:1', /--judge-spending-cap: expected a number/],
  ['--kind instructions --teacher t --seeds s --language english', /--language: expected an ISO 639-3 code of three letters/],
])('dataset synthesize %s is wrong use', async (line, message) => {
  const { code, stderr } = await synthesize(line.split(' '));
  expect(stderr).toMatch(message);
  expect(code).toBe(2);
});
