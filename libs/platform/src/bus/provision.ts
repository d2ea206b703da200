import { JetStreamApiCodes, JetStreamApiError, type JetStreamManager, type StreamUpdateConfig } from '@nats-io/jetstream';
import { isDeepStrictEqual } from 'node:util';
import { PlatformError } from '../errors/platform-error.js';
import type { WantedConsumer, WantedStream } from './topology.js';

type Log = (line: string) => void;

/**
 * Makes the stream if it is missing and mends what has drifted. Subjects are only ever added, so that services of two
 * versions can share a broker.
 *
 * @throws PlatformError `stream-drift` when the stream differs in something that cannot be changed.
 */
export async function provisionStream(manager: JetStreamManager, wanted: WantedStream, log: Log): Promise<void> {
  const found = await manager.streams.info(wanted.name).catch(unlessMissing);
  if (!found) {
    log(`stream ${wanted.name} is missing; making it`);
    await manager.streams.add(wanted).catch(unlessAnotherServiceDid);
    return;
  }
  const { config } = found;
  for (const key of ['retention', 'storage'] as const) {
    if (config[key] !== wanted[key]) throw drift(wanted.name, key, wanted[key], config[key]);
  }
  // Such a stream acknowledges before it writes, whatever the server's sync_interval says (R1 only; ADR-56).
  if (config.persist_mode === 'async') throw drift(wanted.name, 'persist_mode', 'default', config.persist_mode);
  const subjects = [...new Set([...config.subjects, ...wanted.subjects])].sort();
  const changes = differences({ ...wanted, subjects }, { ...config, subjects: [...config.subjects].sort() });
  if (changes.length === 0) return;
  log(`stream ${wanted.name} has drifted (${changes.join('; ')}); mending it`);
  const update: Partial<StreamUpdateConfig> = { ...config, ...wanted, subjects };
  await manager.streams.update(wanted.name, update);
}

/** Makes the durable consumer if it is missing and mends what has drifted. */
export async function provisionConsumer(manager: JetStreamManager, stream: string, wanted: WantedConsumer, log: Log): Promise<void> {
  const name = wanted.durable_name;
  const found = await manager.consumers.info(stream, name).catch(unlessMissing);
  if (!found) {
    log(`consumer ${name} of ${stream} is missing; making it`);
    await manager.consumers.add(stream, wanted);
    return;
  }
  const { config } = found;
  const filters = config.filter_subjects ?? (config.filter_subject ? [config.filter_subject] : []);
  const changes = differences(wanted, { ...config, filter_subjects: [...filters].sort() });
  if (changes.length === 0) return;
  log(`consumer ${name} of ${stream} has drifted (${changes.join('; ')}); mending it`);
  const { durable_name: _name, ack_policy: _ack, deliver_policy: _deliver, ...update } = wanted;
  await manager.consumers.update(stream, name, update);
}

function differences(wanted: object, found: object): string[] {
  const actual = new Map(Object.entries(found));
  return Object.entries(wanted)
    .filter(([key, value]) => value !== undefined && !isDeepStrictEqual(value, actual.get(key)))
    .map(([key, value]) => `${key}: expected ${JSON.stringify(value)}, got ${JSON.stringify(actual.get(key))}`);
}

function unlessMissing(error: unknown): undefined {
  if (error instanceof JetStreamApiError && (error.code === JetStreamApiCodes.StreamNotFound || error.code === JetStreamApiCodes.ConsumerNotFound)) return undefined;
  throw error;
}

/** 10058: a stream of this name exists with another configuration. Two services that start together may race; the next round compares. */
function unlessAnotherServiceDid(error: unknown): void {
  if (!(error instanceof JetStreamApiError) || error.code !== 10_058) throw error;
}

function drift(stream: string, key: string, wanted: unknown, found: unknown): PlatformError {
  return new PlatformError({
    code: 'stream-drift', facts: { stream, key },
    message: `Expected ${key} ${JSON.stringify(wanted)} of the stream ${stream}; got ${JSON.stringify(found)}, which cannot be changed. Delete the stream: the databases hold the record, and it is made anew.`,
  });
}
