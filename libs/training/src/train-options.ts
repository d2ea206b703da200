import type { LongRowCounts } from '@tunesmith/datasets';
import type { DataOrderReport } from './data-order.js';
import type { DomainOptions } from './domains/domain-options.js';
import type { Evaluation } from './evaluation.js';

/** What `trainModel` is asked for. Values are checked where they come from; folders hold a model and a dataset as their rooms define them. */
export interface TrainOptions {
  readonly modelFolder: string;
  /** A PEFT adapter of the model whose A and B (and magnitudes) are those that LoRA begins with. */
  readonly adapterFolder?: string;
  readonly datasetFolder: string;
  /** Whose distributions `distill` learns; a model of the same vocabulary. */
  readonly teacherFolder?: string;
  /** Of `domains`: what was detected; a model, or the reports of trainings, whose held-out losses are the references. */
  readonly detectionFolder?: string;
  readonly referenceFolder?: string;
  readonly referenceReportFolders?: readonly string[];
  readonly method: TuningMethodOptions;
  readonly objective: ObjectiveOptions;
  readonly optimizer: OptimizerOptions;
  /** Strength of the noise on embeddings while training (NEFTune, arXiv 2310.05914); 0 for none. */
  readonly neftuneAlpha: number;
  /** In tokens. */
  readonly maxLength: number;
  /** What becomes of rows longer than maxLength. */
  readonly longRows: 'refuse' | 'truncate' | 'split' | 'drop';
  /** Rows are joined to packs of maxLength tokens at most, and `batch` counts packs. Rows never see each other, packed or not. */
  readonly packing: boolean;
  /** Examples (or packs) of one pass forward and backward. */
  readonly batch: number;
  /** Passes per optimizer step; their loss is that of one big batch. */
  readonly accumulate: number;
  /** Passes over the rows; a fraction ends within one. */
  readonly epochs: number;
  /** Optimizer steps; overrides epochs. */
  readonly steps?: number;
  readonly learningRate: number;
  readonly schedule: string;
  readonly warmupRatio: number;
  /** Overrides warmupRatio. */
  readonly warmupSteps?: number;
  readonly maxGradientNorm: number;
  readonly seed: number;
  readonly order: 'shuffle' | 'file';
  /** Rows come from domains by weight; absent: pass by pass, all of them. */
  readonly domains?: DomainOptions;
  readonly dtype: 'bfloat16' | 'float32';
  /** Steps between evaluations on the validation split; absent: none. */
  readonly evaluateEvery?: number;
  /** Stops after this many evaluations in a row without a better loss. */
  readonly patience?: number;
  /** Which weights are the result: those of the last step, or of the best evaluation. */
  readonly keep: 'last' | 'best';
  /** Steps between checkpoints; absent: by time, every few minutes. The result does not depend on it. */
  readonly saveEvery?: number;
}

export interface LoraOptions {
  readonly kind: 'lora';
  readonly rank: number;
  readonly alpha: number;
  readonly dropout: number;
  readonly targetModules: 'all-linear' | readonly string[];
  /** The update is scaled by alpha / sqrt(rank) (rsLoRA, arXiv 2312.03732). */
  readonly rankStabilized: boolean;
  /** Direction by A and B, magnitude by a vector of its own (DoRA, arXiv 2402.09353). */
  readonly decomposed: boolean;
  /** How A and B begin: `zero` leaves the model as it is; PiSSA (arXiv 2404.02948) and OLoRA (2406.01775) take them from the weight. */
  readonly initialization: 'zero' | 'pissa' | 'olora';
  /** B learns this many times faster than A (LoRA+, arXiv 2402.12354). */
  readonly learningRateRatio: number;
  /** How the frozen linears are held in memory (QLoRA, arXiv 2305.14314). */
  readonly base: 'as-is' | 'int8' | 'nf4';
}

/** AdaLoRA (arXiv 2303.10512): ranks begin at initialRank everywhere and end at targetRank on average. */
export interface AdaLoraOptions {
  readonly kind: 'adalora';
  readonly initialRank: number;
  readonly targetRank: number;
  readonly alpha: number;
  readonly dropout: number;
  readonly targetModules: 'all-linear' | readonly string[];
  /** Parts of all steps before the first rank is taken away, and after the last. */
  readonly warmupRatio: number;
  readonly finalRatio: number;
  /** Steps between two changes of ranks. */
  readonly interval: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly orthogonality: number;
}

/** Every parameter learns but those whose path matches `freeze`; with `train`, only those that match it. Regular expressions. */
export interface FullOptions {
  readonly kind: 'full';
  readonly freeze?: readonly string[];
  readonly train?: readonly string[];
}

/** LISA (arXiv 2403.17919): embeddings, head and a few random layers learn; which ones changes every `interval` steps. */
export interface LisaOptions {
  readonly kind: 'lisa';
  readonly layers: number;
  readonly interval: number;
}

/** GaLore (arXiv 2403.03507): moments are kept in a projection of the gradient that is renewed every `interval` steps. */
export interface GaLoreOptions {
  readonly kind: 'galore';
  readonly rank: number;
  readonly interval: number;
  readonly scale: number;
}

export type TuningMethodOptions = LoraOptions | AdaLoraOptions | FullOptions | LisaOptions | GaLoreOptions;

/** The assistant's turns, each token with a weight by SWIFT's loss scales: a name such as `react`, or a rule of one's own. */
export interface SftOptions {
  readonly kind: 'sft';
  readonly lossScale: string | Readonly<Record<string, readonly number[]>>;
}

/** Every token of plain text. */
export interface PretrainOptions {
  readonly kind: 'pretrain';
}

/** Direct preference optimization (arXiv 2305.18290) on rows with a chosen and a rejected answer. */
export interface DpoOptions {
  readonly kind: 'dpo';
  readonly beta: number;
  /** Weight of the chosen answer's cross-entropy beside the preference loss. */
  readonly sftWeight: number;
}

/** The distributions of a teacher, stored or live, mixed with the labels. */
export interface DistillOptions {
  readonly kind: 'distill';
  readonly divergence: 'forward-kl' | 'reverse-kl';
  readonly temperature: number;
  /** Teacher tokens kept at each place; 0 for the whole vocabulary. */
  readonly topK: number;
  /** Share of the labels' cross-entropy; the teacher has the rest. */
  readonly labelShare: number;
  /** Whether that stays so (`hard`, the default), grows to 1 over the training, or gives the teacher of each row exp(-its cross-entropy). */
  readonly mixing?: 'hard' | 'hard-and-decay' | 'soft';
}

export type ObjectiveOptions = SftOptions | PretrainOptions | DpoOptions | DistillOptions;

export interface AdamWOptions {
  readonly kind: 'adamw';
  readonly betas: readonly [number, number];
  readonly epsilon: number;
  readonly weightDecay: number;
}
export interface AdafactorOptions {
  readonly kind: 'adafactor';
  readonly weightDecay: number;
}
export interface MuonOptions {
  readonly kind: 'muon';
  readonly momentum: number;
  readonly weightDecay: number;
}
export type OptimizerOptions = AdamWOptions | AdafactorOptions | MuonOptions;

/** What a training run says of itself. */
export interface TrainReport {
  readonly method: string;
  readonly objective: string;
  /** Examples of an epoch: rows, pieces of split rows, or pairs. */
  readonly rows: number;
  /** What became of rows longer than maxLength. */
  readonly longRows?: LongRowCounts;
  /** Of packs: the tokens in them as a share of what they could hold. */
  readonly packingFill?: number;
  readonly order?: DataOrderReport;
  readonly steps: number;
  readonly trainableParameters: number;
  readonly totalParameters: number;
  /** Of every step: what the objective makes small, for `sft` the mean cross-entropy of the assistant tokens in nats. */
  readonly loss: readonly number[];
  /** Of the held-out rows, where they were evaluated; `step` counts the steps before it. */
  readonly evaluations?: readonly Evaluation[];
  /** Fewer steps than planned, because the evaluations found nothing better. */
  readonly stoppedEarly?: boolean;
  /** The step whose weights are the result. */
  readonly keptStep?: number;
  readonly tokensPerSecond: number;
  readonly rowsPerSecond: number;
  /** What a row takes of all cores together, whatever else the machine does meanwhile. */
  readonly processorSecondsPerRow?: number;
  /** Tensor memory at its highest, with the model. */
  readonly peakMemoryBytes: number;
  readonly seconds: number;
}
