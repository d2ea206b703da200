// A trainer as a process of its own, so that a test can kill it at the worst moment.
// Usage: node service-process.js MODE LOG; each handler call appends a line to LOG.
import { evaluate, newId } from '@tunesmith/contracts';
import { appendFileSync } from 'node:fs';
import { done } from '../bus/outcome.js';
import { Database } from '../database/database.js';
import { PlatformModule } from '../service/platform.module.js';
import { startService } from '../service/start-service.js';
import { idleHandlers } from './idle-handlers.js';
import { datasetHandler, emptyResult, trainHandler } from './train-handlers.js';

const [, , mode, log = ''] = process.argv;
const note = (line: string): void => appendFileSync(log, `${line}\n`);
let isArmed = false;
const die = (): void => void process.kill(process.pid, 'SIGKILL');

const dataset = datasetHandler(async ({ artifact }, delivery) => {
  note('dataset');
  const spec = { model: artifact, dataset: artifact, tasks: [{ kind: 'loss' as const, name: 'qa', tag: 'qa' }] };
  await delivery.send(evaluate.events!.requested, { jobId: newId(), runId: newId(), step: 'evaluate', spec });
  if (mode === 'die-before-commit') die();
  isArmed = mode === 'die-after-commit';
  return done();
});
const training = trainHandler(async (_spec, job) => {
  note(`train ${job.epoch}`);
  if (mode === 'hang') await new Promise(() => undefined);
  return { ...emptyResult, metrics: { epoch: job.epoch } };
});

const service = await startService(PlatformModule.forService({ service: 'trainer', handlers: [dataset, training, ...idleHandlers('trainer', [training])], delivery: { ackWait: 2000, maxDeliver: 3, retryDelay: () => 20 } }), { logger: false });
service.get(Database).onCommit(() => {
  if (isArmed) die();
});
process.stdout.write('ready\n');
