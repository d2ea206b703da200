import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { RunProgress, RunView } from '@tunesmith/contracts';
import { Database } from '@tunesmith/platform';
import { beginEvents } from '../http/begin-events.js';
import { RunWatchers } from './run-watchers.js';
import { RunsRepository } from './runs.repository.js';

/** Another replica may advance the run, and hints get lost. */
const pollMilliseconds = 2000;
/** A watcher that does not read gets no progress until it has caught up. */
const largestBacklog = 1 << 20;

/** Server-sent events of a run: `run` at first and after each change, `progress` in between, `end` at last. */
@Injectable()
export class RunStream implements BeforeApplicationShutdown {
  private readonly closing = new AbortController();

  constructor(private readonly database: Database, private readonly watchers: RunWatchers) {}

  beforeApplicationShutdown(): void {
    this.closing.abort();
  }

  /** Writes events until the run ends, the client goes or the service stops. */
  async write(runId: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const endEvents = beginEvents(response);
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    request.on('error', () => gone.abort());
    const stop = AbortSignal.any([gone.signal, this.closing.signal]);
    const send = (event: 'run' | 'progress' | 'end', data: RunView | RunProgress): void => void response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    const hint = new Hint(stop);
    const tell = (progress: RunProgress): void => {
      if (response.writableLength < largestBacklog) send('progress', progress);
    };
    /** Progress that is heard before the run itself was sent. */
    let early: RunProgress[] | undefined = [];
    using _watching = this.watchers.watch(runId, { changed: () => hint.give(), progressed: (progress) => void (early ? early.push(progress) : tell(progress)) });
    try {
      for (let last = ''; !stop.aborted; await hint.wait(pollMilliseconds)) {
        const run = await new RunsRepository(this.database.dataSource.manager).show(runId);
        if (run.status !== 'running') return send('end', run);
        const text = JSON.stringify(run);
        if (text !== last) send('run', run);
        last = text;
        // Of steps that have ended it is old.
        const running = run.steps.filter(({ status }) => status === 'running').map(({ name }) => name);
        early?.filter(({ step }) => running.includes(step)).forEach(tell);
        early = undefined;
      }
    } finally {
      endEvents();
    }
  }
}

/** Remembers that something happened until somebody waits for it. */
class Hint {
  private given = false;
  private resolve: (() => void) | undefined;

  constructor(stop: AbortSignal) {
    stop.addEventListener('abort', () => this.give(), { once: true });
  }

  give(): void {
    this.given = true;
    this.resolve?.();
  }

  /** Returns at the next hint, at once where one was given meanwhile, and after `milliseconds` without any. */
  async wait(milliseconds: number): Promise<void> {
    if (!this.given) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, milliseconds);
        this.resolve = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.given = false;
    this.resolve = undefined;
  }
}
