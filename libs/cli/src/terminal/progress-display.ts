import type { JobProgress } from '@tunesmith/contracts';
import { fitWidth } from './display-width.js';
import { describeMetric } from './describe-metric.js';
import { formatBytes, formatClock, formatCount } from './format.js';
import type { Terminal } from './terminal.js';

const spinnerFrames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const frameMilliseconds = 100;
/** Elsewhere than on a terminal a line is written this often at most. */
const plainMilliseconds = 5000;

interface Phase {
  readonly label: string;
  readonly startedAt: number;
  /** `done` when the phase was first heard of: what was done before counts neither for the rate nor for the time left. */
  readonly startedDone: number;
  latest: JobProgress;
}

/** Shows how far work is: one live line on a terminal, plain lines elsewhere. */
export class ProgressDisplay {
  private phase: Phase | undefined;
  private waiting: { text: string; since: number } | undefined;
  private timer: NodeJS.Timeout | undefined;
  private frame = 0;
  private drawn = false;
  private lastPlainLine = 0;

  constructor(
    private readonly terminal: Terminal,
    /** `quiet` leaves out all lines that stay. */
    private readonly options: { readonly quiet?: boolean } = {},
  ) {}

  /** Something without a measure, such as waiting for the platform to start. */
  wait(text: string): void {
    if (this.waiting?.text === text) return;
    this.waiting = { text, since: Date.now() };
    this.phase = undefined;
    if (this.terminal.live) this.animate();
    else if (!this.options.quiet) this.terminal.note(`${text} …`);
  }

  /** A measure of the work called `name`. */
  update(name: string, progress: JobProgress): void {
    const label = progress.phase === name ? name : `${name}: ${progress.phase}`;
    this.waiting = undefined;
    const isNew = this.phase?.label !== label || progress.done < this.phase.latest.done;
    if (isNew) this.phase = { label, startedAt: Date.now(), startedDone: progress.done, latest: progress };
    else this.phase!.latest = progress;
    if (this.terminal.live) {
      this.animate();
      return;
    }
    if (this.options.quiet) return;
    const finished = progress.total !== undefined && progress.done >= progress.total;
    if (isNew || finished || progress.message || Date.now() - this.lastPlainLine >= plainMilliseconds) {
      this.lastPlainLine = Date.now();
      this.terminal.note(this.describe(this.phase!));
    }
  }

  /** A line that stays, above the live one. */
  note(line: string): void {
    if (this.options.quiet) return;
    this.erase();
    this.terminal.note(line);
    if (this.timer) this.draw();
  }

  /** Takes the live line away. */
  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.erase();
    this.phase = undefined;
    this.waiting = undefined;
  }

  private animate(): void {
    if (this.timer) return;
    this.draw();
    this.timer = setInterval(() => this.draw(), frameMilliseconds);
    this.timer.unref();
  }

  private draw(): void {
    const spinner = this.terminal.paintNote('cyan', spinnerFrames[(this.frame = (this.frame + 1) % spinnerFrames.length)]!);
    const width = this.terminal.messageColumns - 3;
    const text = this.phase ? this.describe(this.phase) : `${this.waiting?.text ?? ''} ${formatClock(Date.now() - (this.waiting?.since ?? Date.now()))}`;
    this.terminal.draw(`\r\x1b[2K${spinner} ${fitWidth(text, width)}`);
    this.drawn = true;
  }

  private erase(): void {
    if (this.drawn) this.terminal.draw('\r\x1b[2K');
    this.drawn = false;
  }

  private describe({ label, startedAt, startedDone, latest }: Phase): string {
    const { done, total, unit, message, metrics } = latest;
    const parts = [label];
    if (total !== undefined) {
      const fraction = Math.min(1, done / total);
      if (this.terminal.live) parts.push(bar(fraction, Math.min(20, Math.floor(this.terminal.messageColumns / 5))));
      parts.push(`${Math.floor(fraction * 100)}%`);
    }
    if (total !== undefined || done > 0) parts.push(amount(done, total, unit));
    const seconds = (Date.now() - startedAt) / 1000;
    const rate = seconds > 0.5 ? (done - startedDone) / seconds : 0;
    if (rate > 0) {
      parts.push(`${unit === 'bytes' ? formatBytes(rate) : formatRate(rate)}/s`);
      if (total !== undefined && done < total) parts.push(`${formatClock(((total - done) / rate) * 1000)} left`);
    }
    for (const [name, value] of Object.entries(metrics ?? {})) parts.push(describeMetric(name, value));
    if (message) parts.push(message);
    return parts.join('  ');
  }
}

/** A bar of `width` columns, drawn in eighths. */
export function bar(fraction: number, width: number): string {
  const eighths = Math.round(Math.max(0, Math.min(1, fraction)) * width * 8);
  const full = Math.floor(eighths / 8);
  const rest = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths % 8]!;
  return `${'█'.repeat(full)}${rest}`.padEnd(width, '░');
}

/** Two digits say enough of something that changes all the time. */
function formatRate(rate: number): string {
  return rate >= 100 ? formatCount(Math.round(rate)) : String(Number(rate.toPrecision(2)));
}

function amount(done: number, total: number | undefined, unit: string | undefined): string {
  if (unit === 'bytes') return total === undefined ? formatBytes(done) : `${formatBytes(done)}/${formatBytes(total)}`;
  return `${formatCount(done)}${total === undefined ? '' : `/${formatCount(total)}`}${unit ? ` ${unit}` : ''}`;
}
