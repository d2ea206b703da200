import type { DynamicModule, Type } from '@nestjs/common';
import { jobErrorOf } from '../errors/job-error-of.js';
import { keepOnWithoutLog } from './keep-on-without-log.js';
import { startService, type StartOptions } from './start-service.js';

/** After this the process ends even though something does not want to stop. */
const patience = 30_000;

/**
 * Runs a service as a process of its own until SIGTERM or SIGINT, which drain it. Exit codes: 0 stopped, 1 could not start
 * or did not stop in time; a second signal ends it at once.
 */
export async function runService(module: Type | DynamicModule, options: StartOptions = {}): Promise<void> {
  keepOnWithoutLog();
  try {
    const service = await startService(module, { logger: ['log', 'warn', 'error', 'fatal'], ...options });
    let isStopping = false;
    const stop = (): void => {
      if (isStopping) process.exit(1);
      isStopping = true;
      setTimeout(() => process.exit(1), patience).unref();
      void service.close().then(() => process.exit(0), () => process.exit(1));
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  } catch (error) {
    const { code, message } = jobErrorOf(error);
    process.stderr.write(`could not start (${code}): ${message}\n`);
    process.exit(1);
  }
}
