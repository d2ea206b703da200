import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkContext } from '@tunesmith/tensor';
import { readAnswer } from './read-answer.js';
import { RequestPacer } from './request-pacer.js';
import { retryDelay } from './retry-delay.js';
import { SpendingAccount, type Prices } from './spending-account.js';
import { TeacherError } from './teacher-error.js';
import type { Completion, OnCompletion, Teacher, TeacherPrompt, TeacherSampling } from './teacher.js';

/** A model behind an OpenAI-compatible address: a company's, or a llama-server, vLLM or Ollama of one's own. */
export interface TeacherAddress {
  /** Up to and without `/chat/completions`, such as https://api.openai.com/v1. */
  readonly url: string;
  /** What the server calls the model. */
  readonly model: string;
  /** The environment variable that holds the key; the key itself is stored nowhere. */
  readonly keyVariable?: string | undefined;
  /** Requests under way at a time. */
  readonly concurrency: number;
  readonly requestsPerMinute?: number | undefined;
  /** For one request, from the first byte sent to the last one received. */
  readonly timeoutSeconds: number;
  /** Further tries after one that failed in a way that may pass. */
  readonly retries: number;
  readonly prices?: Prices | undefined;
  /** The most that may be spent, in the currency of the prices. */
  readonly spendingCap?: number | undefined;
}

export interface AddressTeacherOptions {
  /** What earlier attempts at the same job have spent. */
  readonly spent?: number;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Multiplies the pauses between tries; tests are in a hurry. */
  readonly pace?: number;
}

/**
 * Asks an address. Each answer is paid for once: it is handed on as soon as it is there, and what fails is asked again alone, after the pause that
 * the server asks for or one that doubles.
 *
 * @throws TeacherError `teacher-address-invalid`, `teacher-key-missing`
 */
export function openAddressTeacher(address: TeacherAddress, { spent = 0, environment = process.env, pace = 1 }: AddressTeacherOptions = {}): Teacher {
  return new AddressTeacher(address, endpointOf(address.url), keyOf(address, environment), new SpendingAccount(address.prices, address.spendingCap, spent), pace);
}

class AddressTeacher implements Teacher {
  readonly independent = true;
  private readonly pacer: RequestPacer;

  constructor(
    private readonly address: TeacherAddress,
    private readonly endpoint: URL,
    private readonly key: string | undefined,
    private readonly account: SpendingAccount,
    private readonly pace: number,
  ) {
    this.pacer = new RequestPacer(address.requestsPerMinute);
  }

  get name(): string {
    return `${this.address.model} at ${this.endpoint.host}`;
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
    const askers = Array.from({ length: Math.min(this.address.concurrency, prompts.length) }, () =>
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

  private async ask(prompt: TeacherPrompt, sampling: TeacherSampling, signal: AbortSignal): Promise<Completion> {
    const release = this.account.reserve(`${prompt.system ?? ''}${prompt.user}`, sampling.maxNewTokens);
    try {
      for (let attempt = 0; ; attempt += 1) {
        await this.pacer.turn(signal);
        const outcome = await this.tryOnce(prompt, sampling, signal);
        if (!('problem' in outcome)) return { ...outcome, ...this.account.charge(outcome) };
        const pause = outcome.mayPass ? retryDelay(attempt, outcome.retryAfterSeconds, prompt.seed) : undefined;
        if (pause === undefined || attempt >= this.address.retries) throw outcome.problem;
        await sleep(pause * this.pace * 1000, undefined, { signal });
      }
    } finally {
      release();
    }
  }

  private async tryOnce({ system, user, seed }: TeacherPrompt, { maxNewTokens, temperature, topP }: TeacherSampling, signal: AbortSignal): ReturnType<typeof readAnswer> {
    const { model, timeoutSeconds } = this.address;
    const messages = [...(system === undefined ? [] : [{ role: 'system', content: system }]), { role: 'user', content: user }];
    const deadline = AbortSignal.timeout(timeoutSeconds * 1000);
    try {
      const response = await fetch(this.endpoint, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json', ...(this.key === undefined ? {} : { authorization: `Bearer ${this.key}` }) },
        body: JSON.stringify({ model, messages, max_tokens: maxNewTokens, temperature, top_p: topP, seed, stream: false }),
        // A redirect could carry the key to another host.
        redirect: 'manual',
        signal: AbortSignal.any([signal, deadline]),
      });
      return await readAnswer(response, this.name);
    } catch (cause) {
      signal.throwIfAborted();
      if (deadline.aborted) {
        const message = `${this.name} did not answer within ${timeoutSeconds} s. Look at the server, allow more time, or ask for shorter answers.`;
        return { problem: new TeacherError({ message, code: 'teacher-timeout', facts: { timeoutSeconds }, cause }), mayPass: true };
      }
      const message = `${this.endpoint.origin} could not be reached, or broke off: ${reasonOf(cause)}. Is the server running, and the address right?`;
      return { problem: new TeacherError({ message, code: 'teacher-unreachable', facts: { origin: this.endpoint.origin }, cause }), mayPass: true };
    }
  }
}

/** fetch says "fetch failed", and why in the cause. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as { cause?: { code?: unknown; message?: unknown }; message?: unknown };
  return [cause?.message || cause?.code, message, error].map((each) => (each === undefined ? '' : String(each))).find(Boolean)!;
}

function endpointOf(text: string): URL {
  const url = URL.parse(`${text.replace(/\/+$/, '')}/chat/completions`);
  if (url && ['http:', 'https:'].includes(url.protocol) && !url.username && !url.password && !url.search && !url.hash) return url;
  throw new TeacherError({
    message: `Expected the address of an OpenAI-compatible server up to /chat/completions, without user, query or fragment, such as https://api.openai.com/v1; got ${JSON.stringify(text.replace(/\/\/[^/@]*@/, '//…@'))}.`,
    code: 'teacher-address-invalid',
  });
}

function keyOf({ keyVariable }: TeacherAddress, environment: Readonly<Record<string, string | undefined>>): string | undefined {
  if (keyVariable === undefined) return undefined;
  const key = environment[keyVariable];
  if (key) return key;
  throw new TeacherError({
    message: `Expected the key of the teacher in the environment variable ${keyVariable} of the platform; it is ${key === undefined ? 'not set' : 'empty'} there. Set it and start the platform anew (tunesmith down).`,
    code: 'teacher-key-missing',
    facts: { keyVariable },
  });
}
