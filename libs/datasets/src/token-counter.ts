import { ChatTemplateError, EmptyLossMaskError, SourceTargetError, TemplateMismatchError, watchTemplates, type Tokenizer } from '@tunesmith/tokenizers';
import { Bins, type Bin } from './bins.js';
import { chatMessage } from './chat-message.js';
import type { TrainingTemplate } from './encode-rows.js';
import { parseLossScale } from './loss-scale/loss-scale.js';
import { placeholdersIn } from './placeholders.js';
import type { Row } from './row.js';

/** What a dataset is to one model. */
export interface TokenReport {
  /** The digest of the model. */
  readonly model?: string;
  /** Rows by the model's chat template, or, where it has none, the messages' contents alone. */
  readonly renderedBy: 'chat-template' | 'contents';
  readonly total: number;
  /** Tokens that would be trained on, and their share. */
  readonly trained: number;
  readonly trainedShare: number;
  readonly shortest: number;
  readonly longest: number;
  readonly mean: number;
  /** Rows by the power of two that bounds their length in tokens. */
  readonly histogram: readonly Bin[];
  /** Rows that wait for an answer or a value have no length yet. */
  readonly unfinished: number;
  /** Rows that the model's template refuses, and why the first of them. */
  readonly refused: { readonly rows: number; readonly first?: { readonly row: number; readonly message: string } };
}

/** Rows that are encoded under one watchdog. */
const batchRows = 32;

/** Counts tokens row by row as training would see them. */
export class TokenCounter {
  private readonly weighing = parseLossScale('default');
  private readonly lengths = new Bins();
  private waiting: { readonly row: Row; readonly number: number }[] = [];
  private trained = 0;
  private unfinished = 0;
  private refused = 0;
  private firstRefused: { row: number; message: string } | undefined;

  /** `format`: how the model reads conversations, undefined where it has no chat template. */
  constructor(
    private readonly tokenizer: Tokenizer,
    private readonly format: TrainingTemplate | undefined,
    private readonly model?: string,
  ) {}

  /** `number`: of the row, from 1. */
  add(row: Row, number: number): void {
    if (row.answerWith || placeholdersIn(row).size > 0) {
      this.unfinished += 1;
      return;
    }
    this.waiting.push({ row, number });
    if (this.waiting.length >= batchRows) this.countWaiting();
  }

  finish(): TokenReport {
    this.countWaiting();
    const { total, shortest, longest, mean, histogram } = this.lengths.finish();
    return {
      ...(this.model === undefined ? {} : { model: this.model }),
      renderedBy: this.format ? 'chat-template' : 'contents',
      total,
      trained: this.trained,
      trainedShare: total > 0 ? this.trained / total : 0,
      shortest,
      longest,
      mean,
      histogram,
      unfinished: this.unfinished,
      refused: { rows: this.refused, ...(this.firstRefused && { first: this.firstRefused }) },
    };
  }

  private countWaiting(): void {
    const rows = this.waiting;
    this.waiting = [];
    watchTemplates(rows.length, () => {
      for (const { row, number } of rows) {
        const counted = this.count(row, number);
        if (!counted) continue;
        this.lengths.add(counted.tokens);
        this.trained += counted.trained;
      }
    });
  }

  private count(row: Row, number: number): { tokens: number; trained: number } | undefined {
    if (row.text !== undefined) {
      const tokens = this.tokenizer.encode(row.text).length;
      return { tokens, trained: tokens };
    }
    if (!this.format) {
      const lengths = row.messages.map(({ role, content }) => ({ role, tokens: this.tokenizer.encode(content, { addSpecialTokens: false }).length }));
      const sum = (some: typeof lengths): number => some.reduce((total, { tokens }) => total + tokens, 0);
      return { tokens: sum(lengths), trained: sum(lengths.filter(({ role }) => role === 'assistant')) };
    }
    try {
      const { tokenIds, lossMask, sourceTokenIds = [] } = this.format.encodeForTraining(this.tokenizer, row.messages.map(chatMessage), this.weighing(row.messages), row.tools);
      let trained = 0;
      for (const masked of lossMask) if (masked) trained += 1;
      return { tokens: tokenIds.length + sourceTokenIds.length, trained };
    } catch (error) {
      if (!(error instanceof ChatTemplateError || error instanceof EmptyLossMaskError || error instanceof SourceTargetError || error instanceof TemplateMismatchError)) throw error;
      this.refused += 1;
      this.firstRefused ??= { row: number, message: error.message };
      return undefined;
    }
  }
}
