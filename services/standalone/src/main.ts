import { explainDisk, jobErrorOf, keepOnWithoutLog } from '@tunesmith/platform';
import { PlainLogger } from './plain-logger.js';
import { shareNiceness } from './share-niceness.js';
import { startStandalone } from './start-standalone.js';
import { stopOnSignal } from './stop-on-signal.js';

keepOnWithoutLog();
try {
  shareNiceness();
  const starting = startStandalone(process.env, new PlainLogger());
  stopOnSignal(starting);
  const platform = await starting;
  process.stderr.write(`the platform of ${platform.home} is ready at ${platform.url}\n`);
} catch (error) {
  const { code, message } = jobErrorOf(explainDisk(error, 'what the platform keeps in its home folder'));
  process.stderr.write(`the platform did not start (${code}): ${message}\n`);
  process.exit(1);
}
