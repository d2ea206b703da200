import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EncodedRow, Split } from '@tunesmith/datasets';
import { loadForInference, longPass, tokenBatches, type InferenceModel } from '@tunesmith/generation';
import type { WorkContext } from '@tunesmith/tensor';
import { DistributionsWriter, type RowDistributions } from '@tunesmith/training';
import { FusionError } from './fusion-error.js';
import { PivotConversations, type ConversationLimits } from './pivot-conversations.js';
import { representRows } from './represent-rows.js';

export interface RepresentOptions extends ConversationLimits {
  readonly modelFolder: string;
  /** Whose chat template writes the conversations; of the pivot itself the same folder. */
  readonly pivotFolder: string;
  readonly datasetFolder: string;
  readonly splits: readonly Split[];
  /** Tokens kept at each place; FuseChat keeps 10. */
  readonly topK: number;
  readonly dtype: 'bfloat16' | 'float32';
}

export interface RepresentReport {
  readonly rows: number;
  /** Rows that were too long. */
  readonly droppedRows: number;
  /** Rows on which the model's loss is not a number. */
  readonly notFiniteRows: number;
  readonly tokens: number;
  /** Places of which it is said what follows them. */
  readonly places: number;
  /** Of the trained tokens, in nats: the mean over rows of each row's mean. */
  readonly crossEntropy: number;
  readonly tokensPerSecond: number;
}

/** Files that say how the model reads text; beside what it said of it, so that others can align with it without the model. */
const tokenizerFiles = ['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json', 'generation_config.json', 'config.json'];
/** Tokens that go through the model at once. */
const batchTokens = 2048;

/**
 * One teacher-forced pass over a dataset: what the model says would follow each token before one that an assistant says, its `topK` likeliest
 * tokens, and the mean cross-entropy of each row (FuseChat, arXiv 2408.07990, section 3.1). Written row by row: no more logits are held than a
 * chunk of places has. Logits are stored as logarithms of probabilities.
 *
 * @throws FusionError `no-chat-template`, `vocabulary-exceeds-embedding`, `nothing-to-represent`; DatasetError `row-too-long` where such rows are refused.
 */
export async function representModel(options: RepresentOptions, outFolder: string, context: WorkContext): Promise<RepresentReport> {
  const { modelFolder, pivotFolder, datasetFolder, splits, topK, dtype } = options;
  const conversations = await PivotConversations.of(pivotFolder);
  context.onProgress({ phase: 'load', done: 0 });
  using loaded = await loadForInference(modelFolder, { dtype });
  expectVocabulary(loaded);
  const limits: ConversationLimits = { longRows: options.longRows, maxLength: Math.min(options.maxLength, loaded.contextLength) };
  const entries = Math.min(topK, loaded.tokenizer.vocabularySize, loaded.model.vocabularySize);

  await mkdir(outFolder, { recursive: true });
  await using writer = await DistributionsWriter.create(outFolder, entries);
  const metadata: Record<string, string> = {};
  const crossEntropies: number[] = [];
  const counts = { rows: 0, tokens: 0, places: 0, droppedRows: 0 };
  let seconds = 0;
  for (const split of splits) {
    const { rows, count, digest } = await conversations.encode(datasetFolder, split, loaded.tokenizer, limits);
    expectRows(loaded, rows);
    metadata[`${split}.conversations`] = digest;
    await writer.begin(split);
    counts.rows += count;
    counts.droppedRows += count - rows.length;
    let next = 0; // row to be written
    for (const batch of tokenBatches(rows, ({ tokenIds }) => tokenIds.length, { tokens: batchTokens })) {
      await nextTurn();
      context.signal.throwIfAborted();
      const started = performance.now();
      const said = longPass(() => representRows(loaded, batch, entries));
      seconds += (performance.now() - started) / 1000;
      for (const [place, row] of batch.entries()) {
        for (; next < row.index; next += 1) await writer.append(split, leftOut);
        await writer.append(split, said[place]!);
        next += 1;
        counts.tokens += row.tokenIds.length;
        counts.places += said[place]!.places.length;
        crossEntropies.push(said[place]!.crossEntropy);
      }
      context.onProgress({ phase: 'represent', done: next, total: count, unit: 'rows', metrics: { tokensPerSecond: counts.tokens / seconds } });
    }
    for (; next < count; next += 1) await writer.append(split, leftOut);
  }
  if (counts.places === 0) throw nothingToRepresent(splits, limits.maxLength, counts, datasetFolder);
  await writer.finish(metadata);
  for (const name of tokenizerFiles) await copyFile(join(modelFolder, name), join(outFolder, name)).catch(unlessMissing);
  const finite = crossEntropies.filter(Number.isFinite);
  return {
    ...counts, notFiniteRows: crossEntropies.length - finite.length,
    crossEntropy: finite.reduce((sum, each) => sum + each, 0) / finite.length,
    tokensPerSecond: counts.tokens / seconds,
  };
}

/** Stands for a row of which nothing is said. */
const leftOut: RowDistributions = { tokenIds: [], places: new Int32Array(0), indices: new Int32Array(0), logits: new Uint16Array(0), crossEntropy: NaN };

function expectVocabulary({ tokenizer, model, folder }: InferenceModel): void {
  const id = tokenizer.plainTokenBeyond(model.vocabularySize);
  if (id === undefined) return;
  throw new FusionError('vocabulary-exceeds-embedding', `represent: expected a tokenizer of at most ${model.vocabularySize} tokens, as the model's embedding has; it has ${tokenizer.vocabularySize}, ${JSON.stringify(tokenizer.tokenText(id))} among those beyond. The tokenizer belongs to another model, or tokens were added without resizing the embedding.`, { folder, tokens: tokenizer.vocabularySize, embedding: model.vocabularySize });
}

/** Special tokens may have no row in the embedding as long as nobody writes them. */
function expectRows({ tokenizer, model, folder }: InferenceModel, rows: readonly EncodedRow[]): void {
  for (const { tokenIds, index } of rows) {
    const id = tokenIds.find((each) => each >= model.vocabularySize);
    if (id !== undefined) throw new FusionError('vocabulary-exceeds-embedding', `represent: row ${index + 1}: expected tokens that the model's embedding of ${model.vocabularySize} rows has; got ${JSON.stringify(tokenizer.tokenText(id))}, token ${id}. Resize the embedding, or leave the token out of the rows and of the pivot's chat template.`, { folder, row: index, token: id, embedding: model.vocabularySize });
  }
}

function unlessMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

function nothingToRepresent(splits: readonly string[], maxLength: number, counts: { readonly rows: number; readonly droppedRows: number }, datasetFolder: string): FusionError {
  const got = counts.rows === 0 ? 'the dataset has none: all its rows are in other splits. Push rows without a split, or with that one' : `got ${counts.rows} rows, ${counts.droppedRows} of them too long`;
  return new FusionError('nothing-to-represent', `represent: expected at least one row of the split ${splits.join(' or ')} that fits ${maxLength} tokens; ${got}.`, { datasetFolder, ...counts });
}
