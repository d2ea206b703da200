import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeTinyModel } from '@tunesmith/tests-support';
import { tunesmith } from './command.js';
import { schemathesis } from './schemathesis.js';
import { Standalone } from './standalone.js';

// The HTTP API against its own OpenAPI document: schemathesis makes right and wrong requests of every route and checks every
// answer. The same registry serves the standalone platform and a cluster.

test('schemathesis finds no failure', async () => {
  const program = await schemathesis();
  await using platform = await Standalone.prepare();
  await writeTinyModel(join(platform.home, 'tiny'));
  await tunesmith(platform.environment, 'model', 'import', join(platform.home, 'tiny'), '--name', 'tiny', '--alias', 'prod');
  const { url } = JSON.parse(await readFile(join(platform.home, 'platform.json'), 'utf8')) as { url: string };
  const token = (await readFile(join(platform.home, 'token'), 'utf8')).trim();
  const args = ['--config-file', join(import.meta.dirname, 'schemathesis.toml'), 'run', `${url}/openapi.json`, '--header', `Authorization: Bearer ${token}`, '--checks', 'all', '--seed', '1', '--max-examples', '20', '--request-timeout', '20', '--no-color'];
  const { code, output } = await new Promise<{ code: number; output: string }>((resolve) => {
    execFile(program, args, { maxBuffer: 1 << 26, cwd: platform.home }, (error, stdout, stderr) => resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr }));
  });
  if (code !== 0) throw new Error(output.slice(-20_000));
}, 900_000);
