import type { LineageView } from '@tunesmith/contracts';
import { defineCommand } from '../command.js';
import { findModelDigest } from '../runs/artifact-of.js';

export const modelLineage = defineCommand<[model: string], object>({
  configure(command) {
    command.argument('<model>', 'name, name@alias, name:version, or the sha256:… of any artifact, of which 8 digits are enough');
  },

  async run({ arguments: [text] }, session) {
    const platform = await session.platform();
    const digest = await findModelDigest(platform, text);
    const lineage = await platform.call('GET /v1/lineage/{digest}', { parameters: { digest } });
    return { document: lineage, lines: [digest, ...describe('made of', lineage.parents), ...describe('went into', lineage.children)] };
  },
});

function describe(heading: string, links: LineageView['parents']): string[] {
  if (links.length === 0) return [`  ${heading} nothing known`];
  return [`  ${heading}`, ...links.map(({ digest, role, runId, step }) => `    ${digest}  as ${role}, by ${step} of run ${runId}`)];
}
