import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../testing/run-command.js';
import { sampleDigest, sampleRun, sampleRunId, succeededRun } from '../testing/sample-run.js';
import { sendEvents, TinyPlatform, type TinyRoute } from '../testing/tiny-platform.js';

const uploadId = '0194d3f0-0000-7000-8000-000000000009';
const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Keeps what is uploaded; a piece is dropped together with its connection when `breaks` says so. */
function uploadRoutes(stored: Map<string, Buffer>, breaks: (piece: number) => boolean = () => false): Record<string, TinyRoute> {
  let pieces = 0;
  const view = () => ({ id: uploadId, reference: `upload:${uploadId}`, complete: false, files: [...stored].map(([path, bytes]) => ({ path, size: 0, digest: sampleDigest, received: bytes.length })), createdAt: '2026-11-21T12:00:00.000Z' });
  return {
    'POST /v1/uploads': ({ bytes }) => {
      for (const { path } of (JSON.parse(bytes.toString()) as { files: { path: string }[] }).files) stored.set(path, Buffer.alloc(0));
      return view();
    },
    [`GET /v1/uploads/${uploadId}`]: view,
    [`PATCH /v1/uploads/${uploadId}`]: ({ bytes, query }, answer) => {
      const before = stored.get(query.get('file')!)!;
      if (Number(query.get('offset')) !== before.length) throw new Error('a piece at the wrong place');
      pieces += 1;
      if (breaks(pieces)) {
        // Half of it arrives before the connection breaks.
        stored.set(query.get('file')!, Buffer.concat([before, bytes.subarray(0, bytes.length / 2)]));
        answer.destroy();
        return undefined;
      }
      stored.set(query.get('file')!, Buffer.concat([before, bytes]));
      return view();
    },
    [`POST /v1/uploads/${uploadId}/complete`]: () => ({ ...view(), complete: true }),
    'POST /v1/runs': sampleRun(),
    [`GET /v1/runs/${sampleRunId}/events`]: (_request, answer) =>
      sendEvents(answer)('end', succeededRun({ name: 'push', uses: 'import-dataset', metrics: { name: 'helpdesk', version: 1 }, outputs: { dataset: { digest: sampleDigest, size: 5, mediaType: 'application/vnd.tunesmith.dataset.v1+folder' } } })),
    'GET /v1/datasets/helpdesk/versions': [{ name: 'helpdesk', version: 1, artifact: { digest: sampleDigest, size: 5, mediaType: 'x' }, rows: 2, createdAt: '2026-11-21T12:00:00.000Z', report: { rows: 2 } }],
    'GET /v1/runs': [],
  };
}

describe('a path on a shared platform', () => {
  it('is uploaded, and the run refers to the upload', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tunesmith-upload-'));
    const content = Buffer.from('{"messages":[]}\n');
    writeFileSync(join(folder, 'rows.jsonl'), content);
    const stored = new Map<string, Buffer>();
    await using platform = await TinyPlatform.start(uploadRoutes(stored));
    const { code, stdout, stderr } = await runCommand(['dataset', 'push', 'rows.jsonl', '--name', 'helpdesk', '--json'], { environment: platform.environment, folder });
    expect(stderr).not.toContain('error');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ name: 'helpdesk', version: 1, rows: 2, artifact: sampleDigest });
    expect(platform.bodyOf('POST /v1/uploads')).toEqual({ files: [{ path: 'rows.jsonl', size: content.length, digest: digestOf(content) }] });
    expect(platform.bodyOf('POST /v1/runs')).toEqual({ name: 'push', steps: { push: { uses: 'import-dataset', with: { name: 'helpdesk', path: `upload:${uploadId}` } } } });
    expect(stored.get('rows.jsonl')).toEqual(content);
  });

  it('goes on where the platform\'s bytes end when a connection breaks', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tunesmith-upload-'));
    const big = Buffer.alloc(20 * 1024 * 1024 + 17, 'tunesmith');
    mkdirSync(join(folder, 'model', 'nested'), { recursive: true });
    mkdirSync(join(folder, 'model', '.git'));
    writeFileSync(join(folder, 'model', 'model.safetensors'), big);
    writeFileSync(join(folder, 'model', 'nested', 'config.json'), '{}');
    writeFileSync(join(folder, 'model', 'empty.txt'), '');
    writeFileSync(join(folder, 'model', '.git', 'config'), 'not part of the model');
    const stored = new Map<string, Buffer>();
    await using platform = await TinyPlatform.start(uploadRoutes(stored, (piece) => piece === 2));
    await runCommand(['train', './model', '--dataset', 'd', '--detach'], { environment: platform.environment, folder });
    expect([...stored.keys()].sort()).toEqual(['empty.txt', 'model.safetensors', 'nested/config.json']);
    expect(stored.get('model.safetensors')!.equals(big)).toBe(true);
    expect(platform.bodyOf('POST /v1/runs')).toMatchObject({ steps: { train: { with: { model: `upload:${uploadId}` } } } });
  });
});
