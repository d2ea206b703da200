import { PlatformError } from '../errors/platform-error.js';

/** Every bad name and value of the environment at once. */
export class ConfigError extends PlatformError {
  constructor(readonly problems: readonly string[]) {
    super({
      code: 'bad-configuration',
      message: `The configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n- ${problems.join('\n- ')}`,
      facts: { problems: [...problems] },
    });
  }
}
