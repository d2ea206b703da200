import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand, startCommand } from '../testing/run-command.js';
import { sampleDigest, sampleRun, sampleRunId, sampleStep, succeededRun } from '../testing/sample-run.js';
import { sendEvents, sendProblem, TinyPlatform } from '../testing/tiny-platform.js';
import { RunFailedError } from './wait-for-run.js';
import { describeEnd } from './watch-run.js';

const events = `GET /v1/runs/${sampleRunId}/events`;
const cancel = `POST /v1/runs/${sampleRunId}/cancel`;
const adapter = { digest: sampleDigest, size: 4_700_000, mediaType: 'application/vnd.tunesmith.adapter.v1+folder' };
const trainWords = ['train', 'm', '--dataset', 'd'];

describe('waiting for a run', () => {
  it('shows progress on stderr and the result on stdout', async () => {
    await using platform = await TinyPlatform.start({
      'POST /v1/runs': sampleRun(),
      [events]: (_request, answer) => {
        const send = sendEvents(answer);
        send('run', sampleRun());
        answer.write(': still here\n\n');
        send('progress', { runId: sampleRunId, step: 'train', jobId: sampleRunId, progress: { phase: 'train', done: 1, total: 10, unit: 'rows', metrics: { loss: 2.5 } } });
        send('progress', { runId: sampleRunId, step: 'train', jobId: sampleRunId, progress: { phase: 'train', done: 10, total: 10, unit: 'rows', metrics: { loss: 0.5 } } });
        send('end', succeededRun({ outputs: { adapter }, metrics: { loss: [2.5, 0.5] } }));
        answer.end();
      },
    });
    const { code, stdout, stderr } = await runCommand([...trainWords, '--rank', '4', '--lr', '1e-3'], { environment: platform.environment });
    expect(stderr).toContain('train  10%  1/10 rows  loss 2.5000');
    expect(stderr).toContain('✓ train 1:12');
    expect(stdout).toContain(`adapter  ${sampleDigest}  4.5 MB`);
    expect(code).toBe(0);
    expect(platform.bodyOf('POST /v1/runs')).toEqual({ name: 'train', steps: { train: { uses: 'train', with: { model: 'm', dataset: 'd', method: { kind: 'lora', rank: 4 }, learningRate: 1e-3 } } } });
  });

  it('goes on when the connection breaks in the middle', async () => {
    let connections = 0;
    await using platform = await TinyPlatform.start({
      'POST /v1/runs': sampleRun(),
      [events]: (_request, answer) => {
        connections += 1;
        const send = sendEvents(answer);
        send('run', sampleRun());
        if (connections === 1) setTimeout(() => answer.destroy(), 20);
        else if (connections === 2) answer.end();
        else send('end', succeededRun({ outputs: { adapter } }));
      },
    });
    const { code } = await runCommand(trainWords, { environment: platform.environment });
    expect({ code, connections }).toEqual({ code: 0, connections: 3 });
  });

  it('fails with the step\'s own error', async () => {
    const error = { code: 'empty-loss-mask', message: 'row 3: expected an answer to learn from; got none', facts: { row: 3 } };
    await using platform = await TinyPlatform.start({
      'POST /v1/runs': sampleRun(),
      [events]: (_request, answer) => sendEvents(answer)('end', sampleRun({ status: 'failed', steps: [sampleStep({ status: 'failed', error })] })),
    });
    const { code, stdout, stderr } = await runCommand([...trainWords, '--json'], { environment: platform.environment });
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({ error: { code: error.code, message: `run ${sampleRunId} failed: train: ${error.message}`, facts: { row: 3, run: sampleRunId, step: 'train' } } });
    expect(stderr).toContain('try: start it again with what train expects; resumed, it would fail the same way');
    expect(stderr).not.toContain('tunesmith run resume');
    // Why is said once, at the end.
    expect(stderr.split(error.message)).toHaveLength(2);
  });

  it('says why a step failed as it does where the end is a document', async () => {
    const error = { code: 'gate-closed', message: 'expected fit.loss <= 0.001; got fit.loss = 2', facts: {} };
    const failed = sampleRun({ status: 'failed', steps: [sampleStep({ status: 'failed', error })] });
    await using platform = await TinyPlatform.start({ 'POST /v1/runs': sampleRun(), [events]: (_request, answer) => sendEvents(answer)('end', failed) });
    const [asDocument, asText] = [await runCommand(['run', 'start', 'strict', '--json'], { environment: platform.environment }), await runCommand(['run', 'start', 'strict'], { environment: platform.environment })];
    expect([asDocument.code, asText.code]).toEqual([1, 1]);
    expect([asDocument.stderr, asText.stderr].map((text) => text.split(error.message).length - 1)).toEqual([1, 0]);
    expect(asText.stdout).toContain(error.message);
  });

  it('names a step once, where its message begins with its name', () => {
    const error = { code: 'bad-pattern', message: 'train: expected a pattern; got none', facts: {} };
    expect(describeEnd(sampleStep({ status: 'failed', error }))).toBe('✗ train: expected a pattern; got none');
    expect(new RunFailedError(sampleRun({ status: 'failed', steps: [sampleStep({ status: 'failed', error })] })).message).toBe(`run ${sampleRunId} failed: train: expected a pattern; got none`);
  });

  it('names every step that failed', () => {
    const failed = (name: string, code: string) => sampleStep({ name, status: 'failed', error: { code, message: `${code} it is`, facts: {} } });
    const run = sampleRun({ status: 'failed', steps: [failed('one', 'worker-crashed'), failed('two', 'row-too-long'), { ...failed('three', 'row-too-long'), mayFail: true }] });
    const error = new RunFailedError(run);
    expect(error.message).toBe(`run ${sampleRunId} failed: one: worker-crashed it is\ntwo: row-too-long it is`);
    expect(error.facts).toMatchObject({ step: 'one', steps: [{ name: 'one', code: 'worker-crashed' }, { name: 'two', code: 'row-too-long' }] });
    expect(error.attempts.at(-1)).toContain('start it again with what two expects');
  });

  it('returns the id at once with --detach', async () => {
    await using platform = await TinyPlatform.start({ 'POST /v1/runs': sampleRun() });
    expect((await runCommand([...trainWords, '--detach'], { environment: platform.environment })).stdout).toBe(`${sampleRunId}\n`);
    expect(platform.seen(events)).toHaveLength(0);
  });

  it('cancels the run on Ctrl-C and leaves with 130 when it has stopped', async () => {
    let sendEvent: ReturnType<typeof sendEvents> | undefined;
    await using platform = await TinyPlatform.start({
      'POST /v1/runs': sampleRun(),
      [events]: (_request, answer) => {
        sendEvent = sendEvents(answer);
        sendEvent('run', sampleRun());
      },
      [cancel]: () => {
        setTimeout(() => sendEvent?.('end', sampleRun({ status: 'cancelled', steps: [sampleStep({ status: 'cancelled' })] })), 50);
        return sampleRun({ status: 'cancelled' });
      },
    });
    const command = startCommand([...trainWords, '--json'], { environment: platform.environment });
    await command.saw('train …');
    command.interrupt();
    const { code, stdout, stderr } = await command.finished;
    expect(platform.seen(cancel)).toHaveLength(1);
    expect(stderr).toContain('cancelling the run; Ctrl-C again leaves at once');
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'interrupted' } });
    expect(code).toBe(130);
  });

  it('cancels a run that is only about to start', async () => {
    await using platform = await TinyPlatform.start({
      'POST /v1/runs': async () => {
        command.interrupt();
        await sleep(100);
        return sampleRun();
      },
      [events]: async (_request, answer) => {
        while (platform.seen(cancel).length === 0) await sleep(10);
        sendEvents(answer)('end', sampleRun({ status: 'cancelled' }));
      },
      [cancel]: sampleRun({ status: 'cancelled' }),
    });
    const command = startCommand(trainWords, { environment: platform.environment });
    expect((await command.finished).code).toBe(130);
  });

  it('leaves at once on a second Ctrl-C', async () => {
    await using platform = await TinyPlatform.start({
      'POST /v1/runs': sampleRun(),
      [events]: (_request, answer) => sendEvents(answer)('run', sampleRun()),
      [cancel]: sampleRun(),
    });
    const command = startCommand(trainWords, { environment: platform.environment });
    await command.saw('train …');
    command.interrupt();
    await command.saw('cancelling');
    command.interrupt();
    expect((await command.finished).code).toBe(130);
  });

  it('watches a run of someone else and leaves it alone on Ctrl-C', async () => {
    await using platform = await TinyPlatform.start({ [events]: (_request, answer) => sendEvents(answer)('run', sampleRun()) });
    const command = startCommand(['run', 'watch', sampleRunId], { environment: platform.environment });
    await command.saw('train …');
    command.interrupt();
    const { code, stderr } = await command.finished;
    expect(stderr).toContain(`run ${sampleRunId} goes on`);
    expect(platform.seen(cancel)).toHaveLength(0);
    expect(code).toBe(130);
  });

  it('says that a run to watch does not exist', async () => {
    await using platform = await TinyPlatform.start({ [events]: (_request, answer) => sendProblem(answer, 404, 'run-unknown', 'expected the id of a run; there is none with this id') });
    const { code, stderr } = await runCommand(['run', 'watch', sampleRunId], { environment: platform.environment });
    expect(stderr).toContain('error: expected the id of a run; there is none with this id');
    expect(code).toBe(1);
  });
});
