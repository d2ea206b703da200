import { execFile } from 'node:child_process';
import { chmod, readdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from '@tunesmith/tests-support';
import { describeWithJail, jail, testWithJail } from '../testing/with-jail.js';
import { CodeJail } from './code-jail.js';

// The clock of the wall is far away: a machine with much to do takes long for a second of computing.
const small = { cpuSeconds: 1, wallSeconds: 300, memoryBytes: 256 * 2 ** 20 };

describeWithJail('a program that nobody has read', () => {
  test.each([
    ['runs to its end', 'assert sum([1, 2]) == 3', 'passed', undefined],
    ['uses the standard library and writes in its folder', 'import re, json, heapq, asyncio, tempfile\nwith open("a", "w") as f: f.write("x")\nassert open("a").read() == "x"\ntempfile.TemporaryFile().write(b"x")\nasync def one(): return 1\nassert asyncio.run(one()) == 1', 'passed', undefined],
    ['is wrong', 'assert 1 == 2, "one is not two"', 'failed', 'AssertionError: one is not two'],
    ['is no Python', 'def f(:', 'failed', 'SyntaxError'],
    ['exits before its tests', 'import sys\nsys.exit(0)\nassert False', 'failed', 'SystemExit: 0'],
    ['exits without a word', 'import os\nos._exit(0)', 'failed', 'before the tests were over'],
    ['exits in its parent', 'import os\nif os.fork(): os._exit(0)', 'failed', 'before the tests were over'],
    ['says of itself that it passed', 'import os\nfor fd in range(3, 9):\n  try: os.write(fd, b"passed")\n  except OSError: pass\nos._exit(0)', 'failed', 'before the tests were over'],
    ['says of itself, in form, that it passed', 'import os\nfor fd in range(3, 9):\n  try: os.write(fd, b\'{"verdict": "passed", "error": "x"}\')\n  except OSError: pass\nos._exit(0)', 'failed', 'x'],
    ['loops', 'while True: pass', 'timed-out', '1 s of computing'],
    ['loops, deaf to signals', 'import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass', 'timed-out', '1 s of computing'],
    ['loops while it is asked for its reason', 'class Stubborn(Exception):\n  def __str__(self):\n    while True: pass\nraise Stubborn()', 'timed-out', '1 s of computing'],
    ['prints endlessly', 'while True: print("x" * 4096)', 'timed-out', '1 s of computing'],
    ['takes 10 GB', 'x = bytearray(10 << 30)', 'out-of-memory', '256 MiB'],
    ['takes more and more', 'x = []\nwhile True: x.append(bytearray(1 << 20))', 'out-of-memory', '256 MiB'],
    ['recurses without end', 'import sys\nsys.setrecursionlimit(10**9)\ndef f(n): return f(n + 1) + 1\nf(0)', expect.stringMatching(/failed|out-of-memory|timed-out/), ''],
    ['forks a bomb', 'import os\nwhile True: os.fork()', expect.stringMatching(/forbidden|timed-out/), ''],
    ['starts a hundred threads', 'import threading, time\nfor _ in range(100): threading.Thread(target=time.sleep, args=(9,)).start()', 'forbidden', 'new thread'],
    ['writes outside of its folder', 'open("/usr/lib/x", "w")', 'forbidden', 'Read-only file system'],
    ['writes in the root', 'open("/x", "w")', 'forbidden', 'Read-only file system'],
    ['writes a huge file', 'with open("x", "wb") as f:\n  for _ in range(64): f.write(bytes(1 << 20))', 'forbidden', 'File too large'],
    ['writes many files', 'for n in range(64):\n  with open(str(n), "wb") as f: f.write(bytes(1 << 20))', 'forbidden', 'No space left'],
    ['opens a socket', 'import socket\nsocket.socket()', 'forbidden', 'PermissionError'],
    ['asks a name server', 'import socket\nsocket.create_connection(("localhost", 80))', expect.stringMatching(/failed|forbidden/), ''],
    ['makes namespaces of its own', 'import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\nif libc.unshare(0x10000000) != 0: raise OSError(ctypes.get_errno(), "unshare")', 'forbidden', 'unshare'],
    ['mounts', 'import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nif libc.mount(b"x", b"/scratch", b"tmpfs", 0, None) != 0: raise OSError(ctypes.get_errno(), "mount")', 'forbidden', 'mount'],
    ['ends itself', 'import os, signal\nos.kill(os.getpid(), signal.SIGKILL)', 'failed', 'SIGKILL'],
  ])('%s', async (_name, program, verdict, error) => {
    const told = await jail.run(program, small);
    expect(told).toEqual({ verdict, ...(error === undefined ? {} : { error: expect.stringContaining(error) }) });
  });

  test('sleeps: the clock ends it', async () => {
    expect(await jail.run('import time\ntime.sleep(600)', { wallSeconds: 1 })).toEqual({ verdict: 'timed-out', error: 'no end after 1 s' });
  });

  test('kills its parent: the verdict is there all the same', async () => {
    const { verdict } = await jail.run('import os\nos.kill(os.getppid(), 9)\nos.kill(os.getppid(), 15)', small);
    expect(['passed', 'forbidden']).toContain(verdict);
  });

  test('reads what is not its own: it is not there', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'secret'), 'x');
    await chmod(join(folder.path, 'secret'), 0o666);
    const places = [join(folder.path, 'secret'), '/etc/passwd', '/proc/self/environ', '/home', '/var', '/tmp', '/sys', ...(await readdir(homedir())).map((name) => join(homedir(), name)).filter((path) => !/\.(?:pyenv|local)$/.test(path))];
    const program = `import os, glob\nseen = [path for path in ${JSON.stringify(places)} if os.path.lexists(path)]\nassert seen == [], seen\nassert sorted(os.environ) == ["HOME", "PATH", "TMPDIR"]\nassert sorted(os.listdir("/dev")) == ["null", "random", "urandom", "zero"]\nassert os.listdir(".") == []`;
    expect(await jail.run(program, small)).toEqual({ verdict: 'passed' });
  });

  test('phones home: nobody is called, by no kind of socket', async () => {
    let calls = 0;
    const server = createServer(() => void (calls += 1));
    await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
    try {
      const program = `import ctypes\nimport _socket\nfailed = 0\nfor family in range(0, 46):\n  try: _socket.socket(family, 1).connect(("127.0.0.1", ${(server.address() as AddressInfo).port}))\n  except OSError as problem:\n    assert problem.errno == 1, (family, problem)\n    failed += 1\nassert failed == 46`;
      expect(await jail.run(program, small)).toEqual({ verdict: 'passed' });
      expect(calls).toBe(0);
    } finally {
      server.close();
    }
  });

  test('has no open file of ours, and leaves nothing behind for the next', async () => {
    const program = 'import os\nopen("left", "w").close()\nfound = []\nfor fd in range(3, 64):\n  try: found.append(os.fstat(fd).st_size)\n  except OSError: pass\n';
    // The two pipes of the verdict.
    expect(await jail.run(`${program}assert len(found) == 2, found`, small)).toEqual({ verdict: 'passed' });
    expect(await jail.run('import os\nassert not os.path.exists("left")', small)).toEqual({ verdict: 'passed' });
  });

  test('sets have the same order each time', async () => {
    const runs = await Promise.all([1, 2].map(() => jail.run('raise ValueError(list({"a", "b", "c", "d", "e", "f"}))', small)));
    expect(runs[0]).toEqual(runs[1]);
  });
});

describe('without a jail', () => {
  test('nothing is run: the reason is told, and what to do', async () => {
    await expect(CodeJail.open('python-of-nobody')).rejects.toMatchObject({ code: 'code-jail-missing', message: expect.stringMatching(/no python-of-nobody .* user namespaces/s) });
  });

  testWithJail('where the kernel gives no namespaces, the program is not run', async () => {
    // In a user namespace that may make no others.
    const program = `import subprocess, sys, json\norder = json.dumps({"program": "open('/tmp/ran', 'w')", "limits": {}})\nprint(subprocess.run([sys.executable, "-s", "-B", ${JSON.stringify(join(import.meta.dirname, 'jail.py'))}], input=order, capture_output=True, text=True, env={}).stdout)`;
    const { stdout } = await promisify(execFile)('unshare', ['--user', '--map-root-user', 'sh', '-c', 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"', 'sh', 'python3', '-c', program]);
    expect(JSON.parse(stdout)).toEqual({ verdict: 'unavailable', error: expect.stringContaining('unshare') });
  });
});
