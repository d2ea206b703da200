import { createHash } from 'node:crypto';
import { makeFolder, planSafetensors, writeModelFiles } from '@tunesmith/checkpoints';
import { familyFor } from '@tunesmith/models';
import { limitCachedMemory, trimMemory, type WorkContext } from '@tunesmith/tensor';
import { chooseChatTemplate } from './chat-template-choice.js';
import { openInputModel, type InputModel } from './input-model.js';
import { MergeJournal } from './merge-journal.js';
import { layoutOf } from './merge-layout.js';
import { planMerge, settingsPassedOver } from './merge-plan.js';
import { mergeRequest, type MergeOptions } from './merge-request.js';
import { mergeWeights, surveyWeights } from './merge-weights.js';
import { ParentFiles } from './parent-files.js';
import { resultConfig, withStoredDtype } from './result-config.js';
import { resultFiles } from './result-files.js';
import { ShardFiles } from './shard-files.js';
import { mergeVocabularies } from './vocabulary/merge-vocabularies.js';
import { safetensorsDtype } from './weight-dtype.js';

/** Freed memory that is kept for the next weight. */
const cachedBytes = 160 * 2 ** 20;

/** The parents' parts stay in the caches from reading to merging, and the result's from merging to writing, in memory that the last strips left. */
const stripBytes = 2 * 2 ** 20;

export interface MergeReport {
  readonly method: string;
  readonly paper: string | null;
  readonly tensors: number;
  /** With an adapter: those that it updates. */
  readonly changedTensors: number;
  /** Of `tensors`, those that an earlier attempt had left. */
  readonly resumedTensors: number;
  readonly vocabularySize: number;
  readonly seconds: number;
  /** What the configuration sets that the method makes nothing of. */
  readonly remarks?: readonly string[];
}

/**
 * Makes one model of several, weight by weight, into a new folder. A merge that was killed, or whose disk filled, goes on where it stopped when it is asked for
 * again with the same folder; config.json comes last, so that a folder that has one is whole.
 *
 * Never in memory: more than the sources of one weight and the result, unless they are small. Weights are merged in the type that their sources have (or
 * promote to), and stored so.
 *
 * @throws MergeError for what does not fit together, for a parent that changes meanwhile, and for a result that is not finite
 */
export async function mergeModels(options: MergeOptions, outFolder: string, context: WorkContext): Promise<MergeReport> {
  const started = performance.now();
  const { method, configuration, models, adapters } = mergeRequest(options);
  await using opened = new AsyncDisposableStack();
  const inputs: InputModel[] = [];
  for (const { model, adapter, name } of configuration.inputs) inputs.push(opened.use(await openInputModel(name, models[model]!, adapter === undefined ? undefined : adapters[adapter])));
  const parents = await ParentFiles.of(inputs);

  const layout = layoutOf(configuration, inputs);
  const remarks = settingsPassedOver({ configuration, method, layout });
  const template = inputs[configuration.base ?? layout.slices[0]!.sources[0]!.input]!;
  const vocabulary = configuration.tokenizer && (await mergeVocabularies(configuration.tokenizer, inputs, configuration.base));
  const config = resultConfig(configuration, layout, inputs, vocabulary?.rows);
  const chatTemplate = configuration.chatTemplate === undefined ? undefined : await chooseChatTemplate(configuration.chatTemplate, inputs);
  const family = familyFor(config);
  const weights = family.weights.tensors(family.parseConfig(config));
  const tasks = planMerge({ configuration, method, layout, inputs, weights, alignsVocabulary: vocabulary !== undefined });

  await makeFolder(outFolder);
  const plan = planSafetensors(tasks.map(({ name, shape, outDtype }) => ({ name, shape, dtype: safetensorsDtype(outDtype) })), options.maxShardBytes === undefined ? {} : { maxShardBytes: options.maxShardBytes });
  const seed = options.seed ?? 0;
  const request = createHash('sha256').update(JSON.stringify([configuration, seed, plan.shards.map(({ byteLength }) => byteLength), parents.identity])).digest('hex');
  await using journal = await MergeJournal.open(outFolder, request);
  const { files: shards, done } = await ShardFiles.open(outFolder, plan, journal);
  opened.use(shards);

  limitCachedMemory(cachedBytes);
  const work = { method, inputs, vocabulary, seed, stripBytes: options.stripBytes ?? stripBytes };
  const places = new Map(plan.shards.flatMap(({ tensors }) => tensors).map(({ name }, place) => [name, place]));
  const missing = tasks.filter(({ name }) => !done.has(name)).toSorted((one, other) => places.get(one.name)! - places.get(other.name)!);
  try {
    const findings = missing.length === 0 ? new Map<string, readonly number[]>() : await surveyWeights(tasks, work, context);
    await mergeWeights(missing, findings, work, ({ name, strip }, merged) => shards.write(name, merged, strip), context);
    await parents.expectUnchanged();
  } catch (error) {
    if (!canGoOn(error, context.signal)) {
      await shards.discard();
      await journal.remove();
    }
    throw error;
  } finally {
    trimMemory();
  }
  await shards.commit();
  const { files, generationConfig, tokenIds } = await resultFiles(template, vocabulary && inputs[vocabulary.source], vocabulary?.added ?? [], chatTemplate);
  await writeModelFiles(outFolder, { config: { ...withStoredDtype(config, tasks), ...tokenIds }, generationConfig, files });
  await journal.remove();
  const changed = method.takes.kind === 'adapter' ? tasks.filter(({ base, models: [first] }) => inputs[(base ?? first)!.input]!.updates.has((base ?? first)!.tensor)) : tasks;
  return {
    method: method.name, paper: method.paper, tensors: tasks.length, changedTensors: changed.length, resumedTensors: done.size,
    vocabularySize: vocabulary?.tokens ?? template.vocabularyRows, seconds: (performance.now() - started) / 1000, ...(remarks.length > 0 && { remarks }),
  };
}

/** What an attempt has written is of use to the next one where nothing was wrong with it. */
function canGoOn(error: unknown, signal: AbortSignal): boolean {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return signal.aborted || code === 'disk-full' || code === 'file-write-failed';
}
