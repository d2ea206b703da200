import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../testing/run-command.js';
import { sampleDigest } from '../testing/sample-run.js';
import { TinyPlatform } from '../testing/tiny-platform.js';

const content = Buffer.from('{"model_type":"llama"}');
const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
const exportWords = (out: string): string[] => ['model', 'export', sampleDigest, '--out', out, '--json'];

function artifactRoutes(path: string, bytes = content) {
  return {
    [`GET /v1/artifacts/${encodeURIComponent(sampleDigest)}`]: { mediaType: 'application/vnd.tunesmith.model.v1+folder', files: [{ path, digest, size: content.length }] },
    [`GET /v1/artifacts/${encodeURIComponent(sampleDigest)}/files/${path}`]: (_request: unknown, answer: { end(bytes: Buffer): void }) => answer.end(bytes),
  };
}

describe('copying an artifact of a shared platform', () => {
  const folder = (): string => mkdtempSync(join(tmpdir(), 'tunesmith-out-'));

  it('downloads its files and checks their digests', async () => {
    await using platform = await TinyPlatform.start(artifactRoutes('nested/config.json'));
    const out = join(folder(), 'model');
    const { code, stdout } = await runCommand(exportWords(out), { environment: platform.environment });
    expect({ code, document: JSON.parse(stdout) }).toEqual({ code: 0, document: { artifact: sampleDigest, path: out, files: ['nested/config.json'], size: content.length } });
    expect(readFileSync(join(out, 'nested/config.json'))).toEqual(content);
  });

  it('refuses bytes that are not what the manifest promises', async () => {
    await using platform = await TinyPlatform.start(artifactRoutes('config.json', Buffer.from('something else')));
    const out = folder();
    const { code, stdout } = await runCommand(exportWords(out), { environment: platform.environment });
    expect({ code, document: JSON.parse(stdout) }).toMatchObject({ code: 1, document: { error: { code: 'digest-mismatch' } } });
    expect(existsSync(join(out, 'config.json'))).toBe(false);
  });

  it('refuses a file that would lie outside the folder', async () => {
    await using platform = await TinyPlatform.start(artifactRoutes('../escape'));
    const { code, stdout } = await runCommand(exportWords(join(folder(), 'model')), { environment: platform.environment });
    expect({ code, document: JSON.parse(stdout) }).toMatchObject({ code: 1, document: { error: { code: 'unsafe-path' } } });
  });

  it('refuses a folder that holds something, before anything is asked', async () => {
    await using platform = await TinyPlatform.start({});
    const out = folder();
    writeFileSync(join(out, 'precious'), '');
    const { code, stderr } = await runCommand(exportWords(out), { environment: platform.environment });
    expect(stderr).toContain(`--out: expected a new or empty folder; ${out} holds 1 entry`);
    expect(code).toBe(1);
    expect(platform.requests).toHaveLength(0);
  });
});
