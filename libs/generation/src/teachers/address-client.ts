import { setTimeout as sleep } from 'node:timers/promises';
import type { NoAnswer } from './read-answer.js';
import { RequestPacer } from './request-pacer.js';
import { retryDelay } from './retry-delay.js';
import type { Prices } from './spending-account.js';
import { TeacherError } from './teacher-error.js';

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

export interface AddressClientOptions {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Multiplies the pauses between tries; tests are in a hurry. */
  readonly pace?: number;
}

/** Sends requests to an address, each again alone where that may help: after the pause that the server asks for, or one that doubles. */
export class AddressClient {
  private readonly pacer: RequestPacer;
  private readonly base: URL;
  private readonly key: string | undefined;
  private readonly pace: number;

  /** @throws TeacherError `teacher-address-invalid`, `teacher-key-missing` */
  constructor(readonly address: TeacherAddress, { environment = process.env, pace = 1 }: AddressClientOptions = {}) {
    this.base = baseOf(address.url);
    this.key = keyOf(address, environment);
    this.pace = pace;
    this.pacer = new RequestPacer(address.requestsPerMinute);
  }

  /** What messages call it. */
  get name(): string {
    return `${this.address.model} at ${this.base.host}`;
  }

  /**
   * Posts JSON to a path below the address, such as `/chat/completions`, and reads what comes. `seed` tells the pauses of requests apart.
   *
   * @throws TeacherError `teacher-unreachable`, `teacher-timeout`, and what `read` finds.
   */
  async post<Value extends object>(path: string, body: object, seed: number, read: (response: Response, name: string) => Promise<Value | NoAnswer>, signal: AbortSignal): Promise<Value> {
    for (let attempt = 0; ; attempt += 1) {
      await this.pacer.turn(signal);
      const outcome = await this.tryOnce(path, body, read, signal);
      if (!('problem' in outcome)) return outcome;
      const pause = outcome.mayPass ? retryDelay(attempt, outcome.retryAfterSeconds, seed) : undefined;
      if (pause === undefined || attempt >= this.address.retries) throw outcome.problem;
      await sleep(pause * this.pace * 1000, undefined, { signal });
    }
  }

  private async tryOnce<Value extends object>(path: string, body: object, read: (response: Response, name: string) => Promise<Value | NoAnswer>, signal: AbortSignal): Promise<Value | NoAnswer> {
    const { timeoutSeconds } = this.address;
    const deadline = AbortSignal.timeout(timeoutSeconds * 1000);
    try {
      const response = await fetch(`${this.base.href.replace(/\/$/, '')}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json', ...(this.key === undefined ? {} : { authorization: `Bearer ${this.key}` }) },
        body: JSON.stringify(body),
        // A redirect could carry the key to another host.
        redirect: 'manual',
        signal: AbortSignal.any([signal, deadline]),
      });
      return await read(response, this.name);
    } catch (cause) {
      signal.throwIfAborted();
      if (deadline.aborted) {
        const message = `${this.name} did not answer within ${timeoutSeconds} s. Look at the server, allow more time, or ask for shorter answers.`;
        return { problem: new TeacherError({ message, code: 'teacher-timeout', facts: { timeoutSeconds }, cause }), mayPass: true };
      }
      const message = `${this.base.origin} could not be reached, or broke off: ${reasonOf(cause)}. Is the server running, and the address right?`;
      return { problem: new TeacherError({ message, code: 'teacher-unreachable', facts: { origin: this.base.origin }, cause }), mayPass: true };
    }
  }
}

/** fetch says "fetch failed", and why in the cause. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as { cause?: { code?: unknown; message?: unknown }; message?: unknown };
  return [cause?.message || cause?.code, message, error].map((each) => (each === undefined ? '' : String(each))).find(Boolean)!;
}

function baseOf(text: string): URL {
  const url = URL.parse(text.replace(/\/+$/, ''));
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
