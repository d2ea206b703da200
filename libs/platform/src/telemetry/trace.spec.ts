import { connect } from '@nats-io/transport-node';
import { evaluate, newId, SpansFinished, type FinishedSpan, type PayloadOf } from '@tunesmith/contracts';
import { eventually, startOtlpReceiver } from '@tunesmith/tests-support';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Handles, HandlesJob } from '../bus/handles.js';
import { done, type Outcome } from '../bus/outcome.js';
import type { Delivery } from '../bus/delivery.js';
import { WorkerPool } from '../compute/worker-pool.js';
import { Database } from '../database/database.js';
import { Outbox } from '../jobs/outbox.js';
import type { JobResult, RunningJob } from '../jobs/running-job.js';
import { mergeHandlers } from '../testing/merge-handler.js';
import { someRef, TestPlatform, trainEvents, trainRequest } from '../testing/test-service.js';
import { emptyResult } from '../testing/train-handlers.js';
import { Telemetry } from './telemetry.js';
import { train, type TrainSpec } from '@tunesmith/contracts';

@HandlesJob(train)
class TrainRequestedHandler {
  constructor(private readonly workers: WorkerPool) {}

  async handle(_spec: TrainSpec, job: RunningJob): Promise<JobResult> {
    await this.workers.run('phases', {}, job);
    return emptyResult;
  }
}

@Handles(trainEvents.completed, { emits: [evaluate.events!.requested] })
class TrainCompletedHandler {
  async handle(payload: PayloadOf<typeof trainEvents.completed>, delivery: Delivery): Promise<Outcome> {
    await delivery.send(evaluate.events!.requested, { jobId: newId(), runId: payload.runId, step: 'evaluate', spec: { model: someRef, dataset: someRef, tasks: [{ kind: 'loss', name: 'qa', tag: 'qa' }] } });
    return done();
  }
}

it('is one connected trace from the request over job and worker to the fact and the next request, on the bus and at a collector', async () => {
  spawnSync(process.execPath, [join(import.meta.dirname, '../../../../tools/build.mjs')]);
  await using platform = await TestPlatform.start();
  await using collector = await startOtlpReceiver();
  const otlp = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
  const trainer = await platform.service({ handlers: [TrainRequestedHandler], workerModule: new URL('../testing/fixture-worker.js', import.meta.url) }, otlp);
  const merger = await platform.service({ service: 'merger', handlers: [...mergeHandlers, TrainCompletedHandler] }, otlp);
  const nats = await connect({ servers: platform.nats.url });
  const spans: FinishedSpan[] = [];
  nats.subscribe(SpansFinished.subject, { callback: (_error, message) => void spans.push(...SpansFinished.payload.parse(message.json<{ payload: unknown }>().payload).spans) });

  // What the registry does: ids of a root span now, the span itself when the run has ended.
  const telemetry = merger.get(Telemetry);
  const run = telemetry.startTrace();
  const startTime = new Date();
  await telemetry.within(run.traceparent, () => merger.get(Database).transaction((manager) => merger.get(Outbox).send(manager, trainEvents.requested, trainRequest())));
  const ours = () => spans.filter(({ traceId }) => traceId === run.traceId);
  await eventually('the next request', () => ours().some(({ name }) => name === 'send evaluate.requested.v1'));
  telemetry.finishTrace({ traceparent: run.traceparent, name: 'run retrain', startTime, endTime: new Date(), attributes: { 'tunesmith.run.id': 'r' } });
  const isWhole = () => ours().every(({ parentSpanId }) => parentSpanId === undefined || ours().some(({ spanId }) => spanId === parentSpanId));
  await eventually('the root, and all between', () => ours().some(({ name }) => name === 'run retrain') && ours().some(({ name }) => name === 'train') && isWhole());

  const path = (span: FinishedSpan | undefined): string => (span ? `${path(ours().find(({ spanId }) => spanId === span.parentSpanId))} > ${span.service}:${span.name}` : '');
  expect(path(ours().find(({ name }) => name === 'train'))).toBe(
    ' > merger:run retrain > merger:send train.requested.v1 > trainer:process train.requested.v1 > trainer:job train > trainer:worker phases > trainer:phases > trainer:train',
  );
  expect(path(ours().find(({ name }) => name === 'send evaluate.requested.v1'))).toBe(
    ' > merger:run retrain > merger:send train.requested.v1 > trainer:process train.requested.v1 > trainer:job train > trainer:send train.completed.v1 > merger:process train.completed.v1 > merger:send evaluate.requested.v1',
  );
  expect(new Set(ours().map(({ spanId }) => spanId)).size).toBe(ours().length);

  // The collector has the same spans once the services have left, and the metrics.
  await Promise.all([trainer.close(), merger.close()]);
  await nats.flush();
  const collected = collector.spans.filter(({ traceId }) => traceId === run.traceId);
  expect(collected.map(({ service, name }) => `${service}:${name}`).sort()).toEqual(ours().map(({ service, name }) => `${service}:${name}`).sort());
  expect(collected.find(({ name }) => name === 'inner')?.service).toBe('trainer');
  const metricNames = new Set(collector.metrics.filter(({ service }) => service === 'trainer').map(({ name }) => name));
  expect([...metricNames].sort()).toEqual(['tunesmith.job.duration', 'tunesmith.jobs.due', 'tunesmith.jobs.queue.age', 'tunesmith.jobs.running', 'tunesmith.worker.memory']);
  await nats.close();
});
