import { defineCommand } from '../command.js';
import { findModelVersion, parseModelReference } from '../runs/artifact-of.js';

export const modelPromote = defineCommand<[model: string], { readonly alias: string }>({
  configure(command) {
    command
      .argument('<model>', 'which version: name (the latest), name:version or name@alias')
      .option('--alias <alias>', 'the alias that shall point at it', 'prod')
      .addHelpText('after', '\nExample: tunesmith model promote smollm2:1 --alias prod    # back to the first version');
  },

  async run({ arguments: [text], options: { alias } }, session) {
    const reference = parseModelReference(text);
    const platform = await session.platform();
    const { name, version, artifact } = await findModelVersion(platform, reference);
    const before = (await platform.call('GET /v1/models/{name}', { parameters: { name } })).aliases[alias] ?? null;
    await platform.call('PUT /v1/models/{name}/aliases/{alias}', { parameters: { name, alias }, body: { version } });
    return {
      document: { name, alias, version, previousVersion: before, artifact: artifact.digest },
      lines: [`${name}@${alias} is version ${version}${before === null || before === version ? '' : `; it was ${before}`}`],
    };
  },
});
