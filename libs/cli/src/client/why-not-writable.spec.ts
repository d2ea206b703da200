import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installationRoot } from '../installation.js';
import { whyNotWritable } from './why-not-writable.js';

const home = mkdtempSync(join(tmpdir(), 'tunesmith-full-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

test('a folder that takes a file is told nothing of, and keeps nothing', async () => {
  expect(await whyNotWritable(home)).toBeUndefined();
  expect(readdirSync(home)).toEqual([]);
});

test('what cannot be written says why', async () => {
  expect(await whyNotWritable(join(home, 'nowhere'))).toMatchObject({ reason: expect.stringContaining(`${join(home, 'nowhere')} cannot be written: ENOENT`) });
});

test('a platform whose log cannot be filled either says what keeps it from starting', async () => {
  // A shell that lets no file grow is a full disk that needs no disk; and what the platform would say of its broker, it cannot.
  const { code, stderr } = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
    const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TUNESMITH_') && name !== 'NODE_OPTIONS'));
    execFile('bash', ['-c', 'ulimit -f 0; exec ./tunesmith model list'], { cwd: installationRoot, env: { ...environment, TUNESMITH_HOME: home, TUNESMITH_NATS_SERVER: '/nowhere/nats-server' } }, (error, _stdout, told) => resolve({ code: error?.code, stderr: told }));
  });
  expect(stderr).toContain(`because files in ${home} may not grow: this shell limits their size\n  (its log is empty)\n  try: ulimit -f unlimited\n  try: tunesmith doctor`);
  expect(code).toBe(1);
});
