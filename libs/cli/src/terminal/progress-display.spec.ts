import { vi } from 'vitest';
import { PassThrough } from 'node:stream';
import { bar, ProgressDisplay } from './progress-display.js';
import { Terminal } from './terminal.js';

function terminal(isTTY: boolean): { terminal: Terminal; text: () => string } {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 60 });
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  // A terminal is a stream with two more properties, as far as this is concerned.
  return { terminal: new Terminal(stream as PassThrough & NodeJS.WriteStream, stream as PassThrough & NodeJS.WriteStream, { NO_COLOR: '1' }), text: () => text };
}

describe('progress', () => {
  it('is one live line on a terminal, never wider than it, and leaves nothing behind', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] });
    const { terminal: live, text } = terminal(true);
    const display = new ProgressDisplay(live);
    display.update('train', { phase: 'train', done: 1, total: 100, unit: 'rows', message: 'x'.repeat(200) });
    vi.advanceTimersByTime(700);
    display.update('train', { phase: 'train', done: 50, total: 100, unit: 'rows', metrics: { loss: 0.5 } });
    vi.advanceTimersByTime(250);
    display.note('✓ done');
    display.stop();
    vi.useRealTimers();
    expect(text()).not.toContain('\x1b[3');
    const frames = text().split('\r\x1b[2K').filter((frame) => frame !== '' && !frame.includes('\n'));
    for (const frame of frames) expect(frame.length).toBeLessThanOrEqual(60);
    expect(text()).toMatch(/train {2}█{6}░{6} {2}50% {2}50\/100 rows {2}[\d.]+\/s {2}0:0\d left/);
    expect(text()).toContain('✓ done\n');
    expect(text().endsWith('\r\x1b[2K')).toBe(true);
  });

  it('is plain lines elsewhere: at the start of a phase, at its end, and seldom between', () => {
    const { terminal: plain, text } = terminal(false);
    const display = new ProgressDisplay(plain);
    for (let done = 0; done <= 100; done += 1) display.update('train', { phase: 'train', done, total: 100, unit: 'rows' });
    display.update('train', { phase: 'save', done: 1024, total: 2048, unit: 'bytes' });
    display.stop();
    expect(text().split('\n')).toEqual(['train  0%  0/100 rows', 'train  100%  100/100 rows', 'train: save  50%  1.0 KB/2.0 KB', '']);
  });

  it('says nothing that stays when quiet', () => {
    const { terminal: plain, text } = terminal(false);
    const display = new ProgressDisplay(plain, { quiet: true });
    display.wait('chat');
    display.update('chat', { phase: 'chat', done: 1 });
    display.note('✓ chat');
    display.stop();
    expect(text()).toBe('');
  });

  it.each([
    [0, '░░░░'],
    [0.5, '██░░'],
    [0.5625, '██▎░'],
    [1, '████'],
    [7, '████'],
  ])('draws %d as %s', (fraction, expected) => {
    expect(bar(fraction, 4)).toBe(expected);
  });
});
