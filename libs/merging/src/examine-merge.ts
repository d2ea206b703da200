import type { WorkContext } from '@tunesmith/tensor';
import { SourceTargetFormat, Tokenizer } from '@tunesmith/tokenizers';
import { openInputModel } from './input-model.js';
import { MergeError } from './merge-error.js';
import { sampleTexts } from './sample-text.js';

/** Rows of a dataset that are read, and the characters of each: enough to see a broken layer. */
const mostRows = 32;
const mostCharacters = 2000;
/** Of the memory that is free, what a model may take to be compared. */
const memoryShare = 0.8;

export interface ExamineMergeOptions {
  readonly folder: string;
  readonly parents: readonly { readonly name: string; readonly folder: string }[];
  /** Rows for the perplexity; absent: a small built-in text. */
  readonly datasetFolder?: string | undefined;
  readonly perplexity: boolean;
}

/** How well a model foresees the text. */
export interface Foresight {
  /** exp of the mean over tokens: comparable between models of one vocabulary. */
  readonly perplexity: number;
  /** Comparable between all models. */
  readonly bitsPerByte: number;
}

export interface Examination {
  readonly tokenizer: 'keeps the text' | 'none';
  readonly result: Foresight | null;
  readonly parents: readonly ({ readonly name: string } & Foresight)[];
  /** Why nothing was compared, where it was asked for. */
  readonly notCompared: string | null;
}

/**
 * What a merged model must hold before anybody uses it: shapes and vocabulary as its configuration says, a tokenizer that gives texts back as its source does; and how well it foresees a
 * text, beside its parents. Loads one whole model at a time, where memory allows.
 *
 * @throws MergeError `merge-tokenizer-broken`, `merge-result-broken`; ModelWeightsError
 */
export async function examineMerge({ folder, parents, datasetFolder, perplexity }: ExamineMergeOptions, context: WorkContext): Promise<Examination> {
  const { rows, hasTokenizer, bytes } = await checkFolder(folder);
  const tokenizer = hasTokenizer ? await checkTokenizer(folder, rows, parents) : 'none';
  if (!perplexity || !hasTokenizer) return { tokenizer, result: null, parents: [], notCompared: perplexity ? 'the result has no tokenizer' : null };
  const available = process.availableMemory();
  if (bytes > available * memoryShare) {
    return { tokenizer, result: null, parents: [], notCompared: `the model takes ${bytes} bytes, and ${available} are free` };
  }
  const texts = datasetFolder === undefined ? sampleTexts : await textsOf(datasetFolder, context.signal);
  const of = (path: string, message: string): Promise<Foresight> => foresightOf(path, texts, { ...context, onProgress: ({ done, total }) => context.onProgress({ phase: 'compare', done, ...(total === undefined ? {} : { total }), unit: 'texts', message }) });
  const result = await of(folder, 'result');
  if (!Number.isFinite(result.perplexity)) throw new MergeError('merge-result-broken', 'merge: expected the merged model to give every token a probability; its perplexity on the text is not finite. Try other parameters, or another method.', { ...result });
  const compared: ({ name: string } & Foresight)[] = [];
  for (const parent of parents) compared.push({ name: parent.name, ...(await of(parent.folder, parent.name)) });
  return { tokenizer, result, parents: compared, notCompared: null };
}

async function checkFolder(folder: string): Promise<{ rows: number; hasTokenizer: boolean; bytes: number }> {
  await using model = await openInputModel('the result', folder);
  const bytes = [...model.tensors.names()].reduce((sum, name) => sum + model.tensors.info(name).byteLength, 0);
  return { rows: model.vocabularyRows, hasTokenizer: model.folder.sideFiles.includes('tokenizer.json'), bytes };
}

async function checkTokenizer(folder: string, rows: number, parents: ExamineMergeOptions['parents']): Promise<'keeps the text'> {
  const tokenizer = await Tokenizer.fromFolder(folder);
  const broken = (message: string): never => {
    throw new MergeError('merge-tokenizer-broken', `merge: ${message}. Take the tokenizer of one of the parents (tokenizer: base, or a model).`, { folder });
  };
  const beyond = tokenizer.plainTokenBeyond(rows);
  if (beyond !== undefined) broken(`expected the tokenizer's ids to have rows in the embedding; it has ${tokenizer.vocabularySize} ids, ${JSON.stringify(tokenizer.tokenText(beyond))} is ${beyond}, and there are ${rows} rows`);
  const roundTrip = (each: Tokenizer, text: string): string => each.decode(each.encode(text, { addSpecialTokens: false }));
  let parent: Tokenizer | undefined;
  for (const text of sampleTexts) {
    const back = roundTrip(tokenizer, text);
    if (back === text) continue;
    // Some tokenizers clean or normalise texts: the result may do what its parent does.
    parent ??= parents[0] && (await Tokenizer.fromFolder(parents[0].folder));
    if (!parent || roundTrip(parent, text) !== back) broken(`expected the tokenizer to give ${JSON.stringify(text.slice(0, 40))}… back; got ${JSON.stringify(back.slice(0, 40))}…`);
  }
  return 'keeps the text';
}

async function foresightOf(folder: string, texts: readonly string[], context: WorkContext): Promise<Foresight> {
  // Half of what a merge would otherwise load before it begins is only needed here.
  const { loadForInference, tokenLogProbs } = await import('@tunesmith/generation');
  using loaded = await loadForInference(folder, { dtype: 'model' });
  const { tokenizer, format, contextLength, model } = loaded;
  const rows = texts.map((text) => {
    // An encoder-decoder reads the first half and foresees the second.
    if (format instanceof SourceTargetFormat) return format.encodePair(tokenizer, text.slice(0, text.length / 2), text.slice(text.length / 2));
    return { tokenIds: tokenizer.encode(text, { addSpecialTokens: true }).slice(0, contextLength) };
  });
  const logProbs = await tokenLogProbs(model, rows, context);
  const said = logProbs.flat().filter((each) => each !== null);
  const nats = -said.reduce((sum, each) => sum + each, 0);
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  return { perplexity: Math.exp(nats / said.length), bitsPerByte: nats / Math.LN2 / bytes };
}

async function textsOf(datasetFolder: string, signal: AbortSignal): Promise<readonly string[]> {
  const { collectRows } = await import('@tunesmith/datasets');
  const rows = await collectRows(datasetFolder, { signal });
  const texts = rows.slice(0, mostRows).map(({ messages }) => messages.map(({ content }) => content).join('\n').slice(0, mostCharacters)).filter((text) => text.length > 1);
  if (texts.length === 0) throw new MergeError('merge-dataset-empty', 'merge: expected rows with text in the dataset for the perplexity; there are none', {});
  return texts;
}
