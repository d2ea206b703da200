import type { WorkContext } from '@tunesmith/tensor';
import { AddressClient, type AddressClientOptions, type TeacherAddress } from './address-client.js';
import { readAnswer } from './read-answer.js';
import { SpendingAccount } from './spending-account.js';
import type { Completion, OnCompletion, Teacher, TeacherPrompt, TeacherSampling } from './teacher.js';

export interface AddressTeacherOptions extends AddressClientOptions {
  /** What earlier attempts at the same job have spent. */
  readonly spent?: number;
}

/**
 * Asks an address. Each answer is paid for once: it is handed on as soon as it is there, and what fails is asked again alone, after the pause that
 * the server asks for or one that doubles.
 *
 * @throws TeacherError `teacher-address-invalid`, `teacher-key-missing`
 */
export function openAddressTeacher(address: TeacherAddress, { spent = 0, ...options }: AddressTeacherOptions = {}): Teacher {
  return new AddressTeacher(new AddressClient(address, options), new SpendingAccount(address.prices, address.spendingCap, spent));
}

class AddressTeacher implements Teacher {
  readonly independent = true;

  constructor(private readonly client: AddressClient, private readonly account: SpendingAccount) {}

  get name(): string {
    return this.client.name;
  }

  async complete(prompts: readonly TeacherPrompt[], sampling: TeacherSampling, context: WorkContext, onCompletion?: OnCompletion): Promise<Completion[]> {
    const stopping = new AbortController();
    const signal = AbortSignal.any([context.signal, stopping.signal]);
    const results: Completion[] = [];
    const waiting = [...prompts.entries()];
    let done = 0;
    const askWhileAny = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const [index, prompt] = next;
        const completion = await this.ask(prompt, sampling, signal);
        results[index] = completion;
        done += 1;
        onCompletion?.(index, completion);
        context.onProgress({ phase: 'generate', done, total: prompts.length, unit: 'rows' });
      }
    };
    const askers = Array.from({ length: Math.min(this.client.address.concurrency, prompts.length) }, () =>
      askWhileAny().catch((error: unknown) => {
        // No further question is begun; answers under way are paid for, so they are waited for.
        waiting.length = 0;
        throw error;
      }),
    );
    const outcomes = await Promise.allSettled(askers);
    stopping.abort();
    context.signal.throwIfAborted();
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
    return results;
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  private async ask({ system, user, seed }: TeacherPrompt, { maxNewTokens, temperature, topP }: TeacherSampling, signal: AbortSignal): Promise<Completion> {
    const release = this.account.reserve(`${system ?? ''}${user}`, maxNewTokens);
    try {
      const messages = [...(system === undefined ? [] : [{ role: 'system', content: system }]), { role: 'user', content: user }];
      const body = { model: this.client.address.model, messages, max_tokens: maxNewTokens, temperature, top_p: topP, seed, stream: false };
      const completion = await this.client.post('/chat/completions', body, seed, readAnswer, signal);
      return { ...completion, ...this.account.charge(completion) };
    } finally {
      release();
    }
  }
}
