import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { DatasetRegistered } from '@tunesmith/contracts';
import { eventually, startPostgres } from '@tunesmith/tests-support';
import { DataSource } from 'typeorm';
import { done } from '../bus/outcome.js';
import { streams } from '../bus/topology.js';
import { JobEntity } from '../jobs/job.entity.js';
import { datasetRegistered, publish, TestPlatform, trainEvents, trainRequest } from '../testing/test-service.js';
import { datasetHandler, emptyResult, trainHandler } from '../testing/train-handlers.js';

it('two replicas on PostgreSQL share the jobs, and a restart of the database loses and doubles nothing', async () => {
  await using postgres = await startPostgres();
  await using platform = await TestPlatform.start();
  const [ran, heard]: [string[], string[]] = [[], []];
  const handlers = [
    trainHandler(async (_spec, job) => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      ran.push(job.jobId);
      return emptyResult;
    }),
    datasetHandler(async ({ name }, delivery) => {
      // The database goes away under this handler's hands now and then.
      await delivery.transaction.query('SELECT pg_sleep(0.02)');
      heard.push(name);
      return done();
    }),
  ];
  const environment = { TUNESMITH_DATABASE_URL: postgres.url, TUNESMITH_JOB_LEASE_MS: '4000', TUNESMITH_JOB_ATTEMPTS: '50', TUNESMITH_JOB_CONCURRENCY: '2' };
  const patient = { delivery: { ackWait: 4000, maxDeliver: 200, retryDelay: () => 500 } };
  const first = await platform.service({ handlers, ...patient }, environment);
  await platform.service({ handlers, ...patient }, environment);
  const nats = await connect({ servers: platform.nats.url });
  const manager = await jetstreamManager(nats);

  const requests = Array.from({ length: 20 }, () => trainRequest());
  for (const [index, request] of requests.entries()) {
    await publish(nats, trainEvents.requested, request);
    await publish(nats, DatasetRegistered, datasetRegistered(`set-${index}`));
    if (index === 9) await postgres.startAgain();
  }
  const jobs = () => first.get(DataSource).getRepository(JobEntity);
  await eventually('all jobs to succeed', async () => (await jobs().countBy({ status: 'succeeded' })) === 20);
  await eventually('all facts to be told', async () => (await manager.streams.info(streams.facts, { subjects_filter: '>' })).state.subjects?.['train.completed.v1'] === 20);
  await eventually('all events to be settled', async () => {
    const { num_pending: pending, num_ack_pending: unsettled } = await manager.consumers.info(streams.facts, 'trainer');
    return pending === 0 && unsettled === 0;
  });
  expect(new Set(ran)).toEqual(new Set(requests.map(({ jobId }) => jobId)));
  expect(new Set(heard).size).toBe(20);
  expect((await manager.streams.info(streams.deadLetters)).state.messages).toBe(0);
  const inbox: { count: string }[] = await first.get(DataSource).query(`SELECT COUNT(*) AS count FROM inbox WHERE subject = 'dataset.registered.v1'`);
  expect(inbox[0]!.count).toBe('20');
  await nats.close();
});
