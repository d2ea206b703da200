/** What `trainModel` is asked for. Values are checked where they come from; folders hold a model and a dataset as their rooms define them. */
export interface TrainOptions {
  readonly modelFolder: string;
  readonly datasetFolder: string;
  readonly method: TuningMethodOptions;
  /** In tokens; longer rows are refused. */
  readonly maxLength: number;
  /** Rows per optimizer step. */
  readonly batch: number;
  /** Passes over the rows; a fraction ends within one. */
  readonly epochs: number;
  /** Optimizer steps; overrides epochs. */
  readonly steps?: number;
  readonly learningRate: number;
  readonly schedule: string;
  readonly warmupRatio: number;
  readonly weightDecay: number;
  readonly maxGradientNorm: number;
  readonly seed: number;
  readonly order: 'shuffle' | 'file';
  readonly dtype: 'bfloat16' | 'float32';
}

export interface LoraOptions {
  readonly kind: 'lora';
  readonly rank: number;
  readonly alpha: number;
  readonly dropout: number;
  readonly targetModules: 'all-linear' | readonly string[];
}

export type TuningMethodOptions = LoraOptions | { readonly kind: 'full' };

/** What a training run says of itself. */
export interface TrainReport {
  readonly method: string;
  readonly rows: number;
  readonly steps: number;
  readonly trainableParameters: number;
  readonly totalParameters: number;
  /** Mean cross-entropy of the assistant tokens of every step, in nats. */
  readonly loss: readonly number[];
  readonly tokensPerSecond: number;
  readonly rowsPerSecond: number;
  /** Tensor memory at its highest, with the model. */
  readonly peakMemoryBytes: number;
  readonly seconds: number;
}
