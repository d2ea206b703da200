import { TeacherError } from './teacher-error.js';
import type { Completion } from './teacher.js';

/** What a million tokens cost. */
export interface Prices {
  readonly promptPerMillion: number;
  readonly answerPerMillion: number;
}

/** What is spent, and what may still be: a request is only begun where its longest answer would still be paid for. */
export class SpendingAccount {
  private reserved = 0;

  constructor(
    private readonly prices: Prices | undefined,
    private readonly cap: number | undefined,
    private spent: number,
  ) {
    if (cap !== undefined && !prices) throw new TeacherError({ message: 'Expected prices beside the spending cap: without them nothing says what an answer costs.', code: 'teacher-address-invalid' });
  }

  /** Sets aside the most that a request may cost; the result gives that back. @throws TeacherError `spending-cap-reached` */
  reserve(prompt: string, maxNewTokens: number): () => void {
    if (!this.prices) return () => undefined;
    // Before the server has counted: a token is hardly ever less than two bytes, and what frames the messages is a few.
    const most = this.costOf({ promptTokens: Buffer.byteLength(prompt) / 2 + 32, newTokens: maxNewTokens });
    const { cap = Infinity } = this;
    if (this.spent + this.reserved + most > cap) {
      throw new TeacherError({
        message: `The spending cap of ${cap} leaves no room for another answer: ${this.spent.toFixed(4)} are spent, ${this.reserved.toFixed(4)} are under way, and the next may cost ${most.toFixed(4)}.`,
        code: 'spending-cap-reached',
        facts: { cap, spent: this.spent },
      });
    }
    this.reserved += most;
    return () => void (this.reserved -= most);
  }

  /** Notes what an answer cost. */
  charge(completion: Pick<Completion, 'promptTokens' | 'newTokens'>): Pick<Completion, 'cost'> {
    if (!this.prices) return {};
    const cost = this.costOf(completion);
    this.spent += cost;
    return { cost };
  }

  private costOf({ promptTokens, newTokens }: Pick<Completion, 'promptTokens' | 'newTokens'>): number {
    const { promptPerMillion = 0, answerPerMillion = 0 } = this.prices ?? {};
    return (promptTokens * promptPerMillion + newTokens * answerPerMillion) / 1e6;
  }
}
