import { stopPlatform } from '../client/stop-platform.js';
import { defineCommand } from '../command.js';
import { homeFolder } from '../installation.js';
import { ProgressDisplay } from '../terminal/progress-display.js';

export const down = defineCommand<[], object>({
  configure(command) {
    command.addHelpText('after', '\nWork that was going on is taken up again at the next start.');
  },

  async run(_input, session) {
    const home = homeFolder(session.environment);
    const display = new ProgressDisplay(session.terminal);
    try {
      display.wait('stopping the platform');
      const stopped = await stopPlatform(home);
      return {
        document: { stopped: stopped !== undefined, home, ...(stopped ? { pid: stopped.pid } : {}) },
        lines: [stopped ? `the platform (process ${stopped.pid}) has stopped` : `no platform is running on ${home}`],
      };
    } finally {
      display.stop();
    }
  },
});
