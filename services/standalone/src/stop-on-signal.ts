import type { Standalone } from './start-standalone.js';

/** After this the process ends even though something does not want to stop. */
const patienceMilliseconds = 28_000;

/** SIGTERM and SIGINT drain the platform and end the process; a second signal ends it at once. */
export function stopOnSignal(platform: Standalone): void {
  let isStopping = false;
  const stop = (): void => {
    if (isStopping) process.exit(1);
    isStopping = true;
    setTimeout(() => process.exit(1), patienceMilliseconds).unref();
    platform.stop().then(() => process.exit(0), (error: unknown) => {
      process.stderr.write(`the platform did not stop cleanly: ${String(error)}\n`);
      process.exit(1);
    });
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}
