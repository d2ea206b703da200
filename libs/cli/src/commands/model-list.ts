import { defineCommand } from '../command.js';
import { formatBytes, formatTime } from '../terminal/format.js';
import { table } from '../terminal/table.js';

export const modelList = defineCommand<[], object>({
  configure() {},

  async run(_input, session) {
    const platform = await session.platform();
    const models = await platform.call('GET /v1/models');
    const rows = models.map((model) => {
      const latest = model.versions.reduce((newest, version) => (version.version > newest.version ? version : newest));
      const aliases = Object.entries(model.aliases).map(([alias, version]) => `${alias}=${version}`);
      return [model.name, String(latest.version), aliases.join(' '), latest.family, formatBytes(latest.artifact.size), formatTime(latest.createdAt)];
    });
    return {
      document: { models },
      lines: rows.length > 0 ? table(['NAME', 'LATEST', 'ALIASES', 'FAMILY', 'SIZE', 'CREATED'], rows, ['LATEST', 'SIZE']) : ['no models yet; try: tunesmith model import FILE.gguf --name NAME'],
    };
  },
});
