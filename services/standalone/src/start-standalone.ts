import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { LoggerService, Type } from '@nestjs/common';
import { EvaluatorModule } from '@tunesmith/evaluator-service';
import { MergerModule } from '@tunesmith/merger-service';
import { lockHome, startService, type Environment, type RunningService } from '@tunesmith/platform';
import { QuantizerModule } from '@tunesmith/quantizer-service';
import { installedVersion, RegistryModule, serveApi } from '@tunesmith/registry-service';
import { SynthesisModule } from '@tunesmith/synthesis-service';
import { TrainerModule } from '@tunesmith/trainer-service';
import { findNatsServer } from './find-nats-server.js';
import { NatsServerProcess } from './nats-server-process.js';

const workServices: readonly Type[] = [SynthesisModule, TrainerModule, MergerModule, EvaluatorModule, QuantizerModule];

export interface Standalone {
  readonly home: string;
  readonly url: string;
  /** Drains every service, then ends the broker and frees the home folder. */
  stop(): Promise<void>;
}

/**
 * The six services in this process and nats-server as a child, with all state in one home folder. `platform.json` there tells clients
 * where it listens, and `token` holds what they must show.
 *
 * @throws HomeLockedError where another platform runs on the folder, ConfigError, and what else keeps a service from starting.
 */
export async function startStandalone(environment: Environment, logger: LoggerService | false): Promise<Standalone> {
  const home = resolve(environment['TUNESMITH_HOME'] ?? join(homedir(), '.tunesmith'));
  const parts = new AsyncDisposableStack();
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    const lock = lockHome(home);
    parts.defer(() => lock.release());
    const broker = await NatsServerProcess.start(findNatsServer(environment), join(home, 'nats'));
    parts.defer(() => broker.stop());

    const { TUNESMITH_HTTP_PORT: port = '0', ...others } = environment;
    // Only one platform runs on a home, so what a killed one was doing is this one's own, and need not wait until its leases run out.
    const shared: Environment = { TUNESMITH_INSTANCE: 'standalone', ...others, TUNESMITH_HOME: home, TUNESMITH_NATS_URL: broker.url, TUNESMITH_NATS_TOKEN: broker.token };
    // The registry first: the others may have facts to tell at once. It leaves last for the same reason.
    const registry = await startService(RegistryModule, { ...serveApi, logger, environment: { ...shared, TUNESMITH_HTTP_PORT: port } });
    parts.defer(() => registry.close());
    const services = await startAll(workServices, { environment: shared, logger });
    parts.defer(async () => void (await Promise.all(services.map((service) => service.close()))));

    const url = registry.url!;
    announce(home, url);
    parts.defer(() => rmSync(platformFile(home), { force: true }));
    return { home, url, stop: () => parts.disposeAsync() };
  } catch (error) {
    await parts.disposeAsync();
    throw error;
  }
}

/** Starts all, or none. */
async function startAll(modules: readonly Type[], options: Parameters<typeof startService>[1]): Promise<RunningService[]> {
  const started = await Promise.allSettled(modules.map((module) => startService(module, options)));
  const running = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const failed = started.find((each) => each.status === 'rejected');
  if (!failed) return running;
  await Promise.all(running.map((service) => service.close()));
  throw failed.reason;
}

const platformFile = (home: string): string => join(home, 'platform.json');

/** Tells clients of this machine where the platform listens; whole or not at all. */
function announce(home: string, url: string): void {
  const temporary = `${platformFile(home)}.${process.pid}.new`;
  writeFileSync(temporary, `${JSON.stringify({ pid: process.pid, url, version: installedVersion() })}\n`, { mode: 0o600 });
  renameSync(temporary, platformFile(home));
}
