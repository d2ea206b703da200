import { styleText } from 'node:util';

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan';

/** Where there is no terminal. */
const usualColumns = 100;

/** Where text goes: the result to stdout, everything else (progress, notes, errors) to stderr. */
export class Terminal {
  /** True where a person watches stderr, so that a line may be drawn again and again. */
  readonly live: boolean;

  constructor(
    private readonly output: NodeJS.WriteStream,
    private readonly messages: NodeJS.WriteStream,
    private readonly environment: NodeJS.ProcessEnv,
  ) {
    this.live = messages.isTTY === true && environment['TERM'] !== 'dumb' && !environment['CI'];
  }

  /** Whether results go to a terminal, not to a file or another program. */
  get isTerminal(): boolean {
    return this.output.isTTY === true;
  }

  /** Columns of the terminal that shows results. */
  get columns(): number {
    // A terminal that does not know its size says 0.
    return this.output.columns || this.messages.columns || usualColumns;
  }

  get messageColumns(): number {
    return this.messages.columns || usualColumns;
  }

  /** One line of a result. */
  print(line: string): void {
    this.output.write(`${line}\n`);
  }

  /** One line for the person who watches. */
  note(line: string): void {
    this.messages.write(`${line}\n`);
  }

  /** Raw text to stderr: for live lines only. */
  draw(text: string): void {
    this.messages.write(text);
  }

  /** Colours a part of a result. */
  paint(style: Style, text: string): string {
    return this.coloured(this.output) ? styleText(style, text, { validateStream: false }) : text;
  }

  /** Colours a part of a note. */
  paintNote(style: Style, text: string): string {
    return this.coloured(this.messages) ? styleText(style, text, { validateStream: false }) : text;
  }

  // https://no-color.org: any non-empty value switches colours off.
  private coloured(stream: NodeJS.WriteStream): boolean {
    return stream.isTTY === true && !this.environment['NO_COLOR'] && this.environment['TERM'] !== 'dumb';
  }
}
