import { defineCommand } from '../command.js';
import { describeFindings, examine } from '../doctor/examine.js';
import { homeFolder, installationRoot } from '../installation.js';

export const doctor = defineCommand<[], object>({
  configure(command) {
    command.addHelpText('after', '\nExit code 1 when something that Tunesmith needs is missing.');
  },

  async run(_input, session) {
    const findings = await examine(installationRoot, homeFolder(session.environment), session.environment);
    const missing = findings.some((finding) => finding.status === 'missing');
    return { document: { ok: !missing, findings }, lines: describeFindings(findings), failed: missing };
  },
});
