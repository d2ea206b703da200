import { Id, Name, stepKinds, type requestPayload, type StepKind } from '@tunesmith/contracts';
import { z } from 'zod';
import type { RequestReceiver } from '../bus/jetstream-server.js';
import type { OpenMessage } from '../bus/open-message.js';
import { enterInbox } from '../bus/fact-receiver.js';
import type { Database } from '../database/database.js';
import { jobErrorOf } from '../errors/job-error-of.js';
import { activeCarrier } from '../telemetry/trace-carrier.js';
import type { JobStore } from './job-store.js';

type RequestPayload = z.output<ReturnType<typeof requestPayload<z.ZodType>>>;

/** As much of a request as is needed to say which job cannot be done. */
const Identity = z.object({ project: Name.catch('default'), payload: z.object({ jobId: Id, runId: Id, step: Name }) });

/** Turns requests into rows of the job table. */
export class JobRequests implements RequestReceiver {
  constructor(private readonly database: Database, private readonly store: JobStore, private readonly wakeRunner: () => void) {}

  async accept({ envelope, payload }: OpenMessage): Promise<void> {
    const kind = kindOf(envelope.subject);
    const { jobId, runId, step, spec } = payload as RequestPayload;
    const inserted = await this.database.transaction(async (manager) => {
      await enterInbox(manager, envelope.id, envelope.subject);
      const row = await this.store.insert(manager, { id: jobId, runId, step, project: envelope.project, kind, spec, trace: activeCarrier() });
      // The registry asks again when it has not heard the end: the broker may have lost the fact.
      if (!row.inserted) await this.store.sendFact(manager, row.job);
      return row.inserted;
    });
    if (inserted) this.wakeRunner();
  }

  async refuse(subject: string, data: Uint8Array, error: unknown): Promise<void> {
    const identity = Identity.safeParse(jsonOf(data));
    if (!identity.success) return;
    const { project, payload: { jobId, runId, step } } = identity.data;
    await this.database.transaction(async (manager) => {
      await this.store.insert(manager, { id: jobId, runId, step, project, kind: kindOf(subject), spec: null, trace: activeCarrier() });
      await this.store.refuse(manager, jobId, jobErrorOf(error));
    });
  }
}

function kindOf(subject: string): StepKind {
  const kind = stepKinds.find(({ events }) => events?.requested.subject === subject);
  if (!kind) throw new Error(`expected the request of a step kind; got ${subject}`);
  return kind;
}

function jsonOf(data: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(data));
  } catch {
    return undefined;
  }
}
