import type { LoggerService } from '@nestjs/common';

/** What Nest says of itself while it starts six applications; nobody waits for it. */
const unheard = ['InstanceLoader', 'RouterExplorer', 'RoutesResolver', 'NestFactory', 'NestApplication', 'NestMicroservice'];

/** One plain line for each message on standard error: what a log file wants. */
export class PlainLogger implements LoggerService {
  log(message: unknown, ...others: unknown[]): void {
    if (!unheard.includes(String(others.at(-1)))) this.write('info', message, others);
  }

  warn(message: unknown, ...others: unknown[]): void {
    this.write('warn', message, others);
  }

  error(message: unknown, ...others: unknown[]): void {
    this.write('error', message, others);
  }

  fatal(message: unknown, ...others: unknown[]): void {
    this.write('fatal', message, others);
  }

  private write(level: string, message: unknown, others: unknown[]): void {
    // Nest gives the context last, and before it what else there is to say, such as a stack.
    const context = typeof others.at(-1) === 'string' ? others.pop() : undefined;
    const text = [message, ...others].filter((part) => part !== undefined).map((part) => (part instanceof Error ? (part.stack ?? part.message) : String(part)));
    process.stderr.write(`${new Date().toISOString()} ${level} ${context === undefined ? '' : `[${String(context)}] `}${text.join(' ')}\n`);
  }
}
