import { defineCommand } from '../command.js';
import { formatBytes, formatTime } from '../terminal/format.js';
import { table } from '../terminal/table.js';

export const modelShow = defineCommand<[name: string], object>({
  configure(command) {
    command.argument('<name>', 'the name of a model');
  },

  async run({ arguments: [name] }, session) {
    const platform = await session.platform();
    const model = await platform.call('GET /v1/models/{name}', { parameters: { name } });
    const rows = [...model.versions]
      .sort((a, b) => b.version - a.version)
      .map((version) => [String(version.version), version.aliases.join(' '), version.family, formatBytes(version.artifact.size), formatTime(version.createdAt), version.runId ?? '', version.artifact.digest]);
    return { document: model, lines: [model.name, ...table(['VERSION', 'ALIASES', 'FAMILY', 'SIZE', 'CREATED', 'RUN', 'ARTIFACT'], rows, ['VERSION', 'SIZE'])] };
  },
});
