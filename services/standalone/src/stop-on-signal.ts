import type { Standalone } from './start-standalone.js';

/** After this the process ends even though something does not want to stop. */
const patienceMilliseconds = 28_000;

/**
 * SIGTERM and SIGINT drain the platform and end the process, also while it still starts; a second signal ends it at once. So does the end of a command that runs it
 * in the foreground, however that ended: nothing else would ever stop it.
 */
export function stopOnSignal(platform: Promise<Standalone>): void {
  let isStopping = false;
  const stop = (): void => {
    isStopping = true;
    setTimeout(() => process.exit(1), patienceMilliseconds).unref();
    platform.then((started) => started.stop()).then(() => process.exit(0), (error: unknown) => {
      process.stderr.write(`the platform did not stop cleanly: ${String(error)}\n`);
      process.exit(1);
    });
  };
  const hear = (): void => (isStopping ? process.exit(1) : stop());
  process.on('SIGTERM', hear);
  process.on('SIGINT', hear);
  process.once('disconnect', () => isStopping || stop());
}
