import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { commands } from './commands.js';
import { installationRoot } from './installation.js';
import { runCommand } from './testing/run-command.js';
import { TinyPlatform } from './testing/tiny-platform.js';

beforeAll(() => {
  execFileSync(process.execPath, [join(installationRoot, 'tools/build.mjs')], { stdio: 'ignore' });
});

describe('the command line', () => {
  it('lists every command in the help, on stdout', async () => {
    const { code, stdout, stderr } = await runCommand(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const { words } of commands) expect(stdout).toContain(words.split(' ')[0]);
    expect(await runCommand([])).toEqual({ code, stdout, stderr });
    expect((await runCommand(['help', 'model', 'import'])).stdout).toContain('--alias <alias>');
  });

  it.each(commands.map((entry) => [entry.words, entry] as const))('describes every argument and option of %s', async (_words, entry) => {
    const body = await entry.load();
    const command = new Command();
    body.configure(command);
    for (const argument of command.registeredArguments) expect(argument.description).not.toBe('');
    for (const option of command.options) expect(option.description).not.toBe('');
    // Added to every command by the program.
    expect(command.options.map((option) => option.long)).not.toContain('--json');
  });

  it.each([
    ['modle list', "unknown command 'modle'", 'try: tunesmith model'],
    ['model lst', "unknown command 'lst'", 'try: tunesmith model list'],
    ['model', 'expected a command', 'try: tunesmith model --help'],
    ['train m --datset d', "unknown option '--datset'", 'try: --dataset'],
    ['train --json', 'expected MODEL and --dataset <dataset>', 'try: tunesmith train MODEL --dataset FILE'],
    ['train m --dataset d --rank many', "'many' is invalid. Expected a number", 'try: tunesmith train --help'],
    ['train m --dataset d --rank 0 --lr 5', '--rank: expected a number of at least 1; got 0\n--lr: expected a number of at most', ''],
    ['train m --dataset d --method full --rank 8', '--method full: expected none of --rank', 'try: --method lora'],
    ['train m --dataset d --order up', "'up' is invalid. Allowed choices are shuffle, file", ''],
    ['train --model m --dataset d', '--model: expected the model as the first word', 'try: tunesmith train m --dataset d'],
    ['train m --dataset d --lr 0', '--lr: expected a number above 0; got 0', ''],
    ['train m --dataset d --initial-rank 12', 'without --method: expected none of --initial-rank, which belongs to adalora', 'try: --method adalora'],
    ['train m --dataset d --method galore --rank 0', '--rank: expected a number of at least 1', ''],
    ['train m --dataset d --method freeze', '--method freeze: expected --freeze or --train-only', "try: --freeze 'embed_tokens'"],
    ['train m --dataset d --objective dpo --top-k 5', '--objective dpo: expected none of --top-k, which belongs to distill', 'try: --objective distill'],
    ['train m --dataset d --teacher t', '--teacher: expected --objective distill', 'try: --objective distill'],
    ['train m --dataset d --patience 2', '--patience: expected --evaluate-every', 'try: --evaluate-every 50'],
    ['train m --dataset d --keep best', '--keep best: expected --evaluate-every', ''],
    ['train m --dataset d --optimizer adafactor --momentum 0.9', '--optimizer adafactor: expected none of --momentum, which belongs to muon', 'try: --optimizer muon'],
    ['train m --resume latest --lr 1', '--resume: expected nothing else, because the run goes on as it was started; got MODEL, --lr', 'try: tunesmith train --resume latest'],
    ['evaluate m --dataset d --task accuracy', '--task: expected [NAME=]KIND:TAG', 'try: --task qa=exact-match:identity'],
    ['quantize m --to gguf/q9', '--to: expected one of gguf/q8_0, ', ''],
    ['quantize m --to hf/gptq-int4', '--calibration: expected rows to train on', ''],
    ['quantize m --to gguf/q4_0,hf/rtn-int4 --alpha 0.5 --tag law', '--alpha: expected a target that has such an option', ''],
    ['quantize m --to gguf/q4_0 --group-size 32', '--hf-format, --group-size, --asymmetric: expected a target hf/', ''],
    ['quantize m --to gguf/q4km', 'got "gguf/q4km": did you mean "gguf/q4_k_m"?', ''],
    ['quantize m --to gguf/q4_0 --compensate', '--compensate: expected --calibration beside it', 'try: --compensate --calibration DATASET'],
    ['quantize m --to gguf/q4_0 --compensate --calibration d --damping 2', '--damping: expected a number of at most 1; got 2', ''],
    ['merge m', 'expected an adapter or further models', 'try: tunesmith merge m --adapter'],
    ['chat m --prompt x --temperature 9', '--temperature: expected a number of at most 5; got 9', ''],
    ['model history m --at yesterday', '--at: expected a time; got "yesterday"', 'try: --at 2026-11-20'],
    ['run list --limit 0', 'Expected a whole number from 1 on', ''],
    ['model show', "missing required argument 'name'", 'try: tunesmith model show --help'],
    ['model show a b', 'too many arguments', ''],
    ['train m --dataset d --detach --out x', '--detach and --out: expected one of the two', ''],
  ])('%s is wrong use: exit code 2 and a suggestion', async (line, message, suggestion) => {
    // An address where nothing answers: wrong use is told before the platform is asked.
    const { code, stdout, stderr } = await runCommand(line.split(' '), { environment: { TUNESMITH_URL: 'http://127.0.0.1:9', TUNESMITH_TOKEN: 'x' } });
    expect(stderr).toContain(message);
    expect(stderr).toContain(suggestion);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(code).toBe(2);
    if (line.includes('--json')) expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'wrong-use' } });
    else expect(stdout).toBe('');
  });

  it('fails with one JSON document when the platform cannot be reached', async () => {
    const environment = { TUNESMITH_URL: 'http://127.0.0.1:9', TUNESMITH_TOKEN: 'x' };
    const { code, stdout, stderr } = await runCommand(['model', 'list', '--json'], { environment });
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'platform-unreachable' } });
    expect(stderr).toContain('expected a platform at http://127.0.0.1:9; connect ECONNREFUSED');
    expect(stderr).not.toMatch(/^\s+at /m);
    expect((await runCommand(['model', 'list'], { environment: { ...environment, TUNESMITH_DEBUG: '1' } })).stderr).toMatch(/^\s+at .*platform-client/m);
  });

  it.each([
    [{ TUNESMITH_URL: 'ftp://x' }, 2, 'TUNESMITH_URL: expected an http or https address; got "ftp://x"'],
    [{ TUNESMITH_URL: 'http://127.0.0.1:9' }, 1, 'expected TUNESMITH_TOKEN beside TUNESMITH_URL'],
  ])('checks where the platform is: %j', async (environment, expected, message) => {
    const { code, stderr } = await runCommand(['model', 'list'], { environment });
    expect(stderr).toContain(message);
    expect(code).toBe(expected);
  });

  it('names the token when the platform does not know it', async () => {
    await using platform = await TinyPlatform.start({});
    const { code, stderr } = await runCommand(['model', 'list'], { environment: { ...platform.environment, TUNESMITH_TOKEN: 'wrong' } });
    expect(stderr).toContain('expected a token that this platform knows; got HTTP 401');
    expect(code).toBe(1);
  });

  it('prints the platform\'s own message and code of a refusal', async () => {
    await using platform = await TinyPlatform.start({});
    const { code, stdout, stderr } = await runCommand(['model', 'show', 'nosuch', '--json'], { environment: platform.environment });
    expect(JSON.parse(stdout)).toEqual({ error: { code: 'not-found', message: 'nothing at GET /v1/models/nosuch', facts: {} } });
    expect(stderr).toContain('error: nothing at GET /v1/models/nosuch');
    expect(code).toBe(1);
  });

  it('ends without a word when its reader has gone', async () => {
    const output = execFileSync('sh', ['-c', `"${join(installationRoot, 'tunesmith')}" train --help | head -n 1`], { encoding: 'utf8' });
    expect(output).toBe('Usage: tunesmith train [options] [model]\n');
  });

  it('says that no platform runs, and starts none', async () => {
    const home = mkdtempSync(join(tmpdir(), 'tunesmith-cli-'));
    const { code, stdout } = await runCommand(['status', '--json'], { environment: { TUNESMITH_HOME: home } });
    expect({ code, document: JSON.parse(stdout) }).toEqual({ code: 0, document: { running: false, home } });
    expect(JSON.parse((await runCommand(['down', '--json'], { environment: { TUNESMITH_HOME: home } })).stdout)).toEqual({ stopped: false, home });
  });
});
