import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../testing/run-command.js';

/** The real platform on a home of its own. */
describe('starting and stopping the platform', () => {
  const home = mkdtempSync(join(tmpdir(), 'tunesmith-home-'));
  const environment = { TUNESMITH_HOME: home };

  afterAll(async () => {
    await runCommand(['down'], { environment });
    rmSync(home, { recursive: true, force: true });
  });

  it('starts one when none runs, also when three commands want it at the same moment', async () => {
    // A file that a killed platform left behind names a process that is something else by now.
    writeFileSync(join(home, 'platform.json'), JSON.stringify({ pid: process.pid, url: 'http://127.0.0.1:9', version: '0.0.0' }));
    const results = await Promise.all([['model', 'list'], ['dataset', 'list'], ['run', 'list']].map((words) => runCommand([...words, '--json'], { environment })));
    // One that comes late, on a machine with much else to do, finds it running.
    for (const { code, stderr } of results) expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/^(starting the platform …\n)?$/) });
    expect(results.map(({ stderr }) => stderr).join('')).not.toBe('');
    expect(results.map(({ stdout }) => JSON.parse(stdout) as object)).toEqual([{ models: [] }, { datasets: [] }, { runs: [] }]);

    const status = JSON.parse((await runCommand(['status', '--json'], { environment })).stdout) as { url: string; pid: number };
    expect(status).toMatchObject({ running: true, ready: true, home });
    expect(JSON.parse((await runCommand(['up', '--detach', '--json'], { environment })).stdout)).toMatchObject({ url: status.url, pid: status.pid });
    const again = await runCommand(['up'], { environment });
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining(`expected no platform on ${home}; process ${status.pid} serves it`) });
    expect(JSON.parse((await runCommand(['down', '--json'], { environment })).stdout)).toEqual({ stopped: true, home, pid: status.pid });
  });

  it('shows the end of the log when it cannot start', async () => {
    const { code, stderr } = await runCommand(['up', '--detach'], { environment: { ...environment, TUNESMITH_NATS_SERVER: '/nowhere/nats-server' } });
    expect(stderr).toContain('it ended (1)\n  | ');
    expect(stderr).toContain('expected the path of a nats-server program; got "/nowhere/nats-server"');
    expect(stderr).toContain('try: tunesmith doctor');
    expect(code).toBe(1);
  });
});
