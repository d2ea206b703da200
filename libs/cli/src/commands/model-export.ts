import { defineCommand } from '../command.js';
import { findModelDigest } from '../runs/artifact-of.js';
import { expectEmptyFolder, placeArtifact } from '../runs/place-artifact.js';
import { formatBytes } from '../terminal/format.js';

export const modelExport = defineCommand<[model: string], { readonly out: string }>({
  configure(command) {
    command
      .argument('<model>', 'name, name@alias, name:version, or the sha256:… of any artifact, of which 8 digits are enough')
      .requiredOption('--out <dir>', 'a new or empty folder')
      .addHelpText('after', '\nA model is a Hugging Face folder: config.json, safetensors, tokenizer.json.');
  },

  async run({ arguments: [text], options }, session) {
    const folder = expectEmptyFolder(options.out);
    const platform = await session.platform();
    const digest = await findModelDigest(platform, text);
    const manifest = await platform.call('GET /v1/artifacts/{digest}', { parameters: { digest } });
    await placeArtifact(session, digest, folder);
    const size = manifest.files.reduce((sum, file) => sum + file.size, 0);
    return { document: { artifact: digest, path: folder, files: manifest.files.map((file) => file.path), size }, lines: [`${manifest.files.length} files, ${formatBytes(size)}, in ${folder}`] };
  },
});
