import { answers, findLocalPlatform } from '../client/local-platform.js';
import { defineCommand } from '../command.js';
import { homeFolder } from '../installation.js';

export const status = defineCommand<[], object>({
  configure(command) {
    command.addHelpText('after', '\nStarts nothing.');
  },

  async run(_input, session) {
    const shared = session.environment['TUNESMITH_URL'];
    if (shared) {
      const running = URL.canParse(shared) && (await answers(shared, '/healthz'));
      return { document: { running, url: shared, shared: true }, lines: [running ? `the shared platform answers at ${shared}` : `no platform answers at ${shared}`] };
    }
    const home = homeFolder(session.environment);
    const platform = await findLocalPlatform(home);
    if (!platform) return { document: { running: false, home }, lines: [`no platform is running on ${home}; the next command that needs one starts it`] };
    const ready = await answers(platform.url, '/readyz');
    return { document: { running: true, ready, home, ...platform }, lines: [`the platform serves ${platform.url} (process ${platform.pid}, version ${platform.version}, home ${home})${ready ? '' : '; it is not ready'}`] };
  },
});
