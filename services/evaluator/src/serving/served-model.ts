import { PlatformError, type Conversation, type WorkerPool } from '@tunesmith/platform';
import type { ServeAnswer, ServePiece, ServeRequest } from '@tunesmith/generation';
import type { FromServer, ServeInput, ToServer } from './serve-messages.js';

export interface ServedModelOptions {
  readonly workers: WorkerPool;
  readonly input: ServeInput;
  /** The most requests that are not answered yet. */
  readonly most: number;
  /** How long it stays without a request, in milliseconds. */
  readonly idleTime: number;
  /** Gives back what the input refers to. Called once, at its end. */
  readonly release: () => Promise<void>;
}

interface OpenRequest {
  readonly onPiece: (piece: ServePiece) => void;
  readonly resolve: (answer: ServeAnswer) => void;
  readonly reject: (error: unknown) => void;
  readonly began: number;
}

/** A model that stays in the memory of a worker process while it is asked, and a while longer. */
export class ServedModel {
  /** Resolves when the process has left the model, for whatever reason. */
  readonly ended: Promise<void>;
  private readonly open = new Map<number, OpenRequest>();
  private readonly outbox: ToServer[] = [];
  private readonly stopping = new AbortController();
  private send: ((message: unknown) => void) | undefined;
  private requests = 0;
  private idle: NodeJS.Timeout | undefined;
  private isWanted = false;
  private isLeaving = false;
  /** Of the answers so far, milliseconds; what a refused client is told to wait follows from it. */
  private usualTime = 2000;

  constructor(private readonly options: ServedModelOptions) {
    this.ended = this.run();
  }

  /** Whether it takes requests. */
  get isServing(): boolean {
    return !this.isLeaving;
  }

  /** @throws PlatformError `too-many-requests` with the seconds after which another try makes sense; the error of the model; the reason of `signal`. */
  async answer(request: ServeRequest, onPiece: (piece: ServePiece) => void, signal: AbortSignal): Promise<ServeAnswer> {
    signal.throwIfAborted();
    const { most } = this.options;
    if (this.open.size >= most) {
      const seconds = Math.min(60, Math.max(1, Math.ceil(this.usualTime / 1000)));
      throw new PlatformError({ code: 'too-many-requests', retryable: true, message: `This model has ${most} requests that are not answered yet, and takes no more. Try again in ${seconds} s.`, facts: { most, retryAfterSeconds: seconds } });
    }
    clearTimeout(this.idle);
    const id = (this.requests += 1);
    const { promise, resolve, reject } = Promise.withResolvers<ServeAnswer>();
    this.open.set(id, { onPiece, resolve, reject, began: performance.now() });
    const leave = (): void => {
      this.tell({ kind: 'leave', id });
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', leave, { once: true });
    this.tell({ kind: 'ask', id, request });
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', leave);
      this.open.delete(id);
      if (this.open.size === 0) this.rest();
    }
  }

  /** Ends at once; open requests fail. */
  async stop(): Promise<void> {
    this.isLeaving = true;
    this.stopping.abort(new PlatformError({ code: 'service-stopping', retryable: true, message: 'Expected the model to stay; its service stops. Try again in a moment.' }));
    await this.ended;
  }

  private async run(): Promise<void> {
    const conversation: Conversation = {
      open: (send) => {
        this.send = send;
        for (const message of this.outbox.splice(0)) send(message);
      },
      onMessage: (message) => this.hear(message as FromServer),
    };
    try {
      await this.options.workers.run('serve', this.options.input, { signal: this.stopping.signal, conversation, onWanted: () => this.yield() });
      this.failAll(new PlatformError({ code: 'model-left', retryable: true, message: 'Expected the model to answer; its process has ended. Try again.' }));
    } catch (error) {
      this.failAll(error);
    } finally {
      this.isLeaving = true;
      clearTimeout(this.idle);
      await this.options.release();
    }
  }

  private hear(message: FromServer): void {
    const request = this.open.get(message.id);
    if (!request) return; // Its client has left.
    if (message.kind === 'piece') return request.onPiece(message.piece);
    if (message.kind === 'error') return request.reject(new PlatformError(message.error));
    this.usualTime = 0.8 * this.usualTime + 0.2 * (performance.now() - request.began);
    request.resolve(message.answer);
  }

  private tell(message: ToServer): void {
    if (this.send) this.send(message);
    else this.outbox.push(message);
  }

  private failAll(error: unknown): void {
    for (const { reject } of this.open.values()) reject(error);
  }

  /** Others wait for its memory: it leaves as soon as nobody asks it. */
  private yield(): void {
    this.isWanted = true;
    if (this.open.size === 0) this.leave();
  }

  private rest(): void {
    if (this.isWanted) return this.leave();
    this.idle = setTimeout(() => this.leave(), this.options.idleTime);
    this.idle.unref();
  }

  private leave(): void {
    if (this.isLeaving) return;
    this.isLeaving = true;
    this.tell({ kind: 'end' });
  }
}
