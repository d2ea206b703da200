import type { Command } from 'commander';
import type { Session } from './session.js';

/** What a command hands back: printed once, as JSON or as text. */
export interface CommandResult {
  /** The one JSON document of `--json`. */
  readonly document: unknown;
  /** What a person reads. */
  readonly lines: readonly string[];
  /** True where the command worked but its answer is bad news, such as a run that failed: exit code 1. */
  readonly failed?: boolean;
}

/** What was typed. An argument that may be repeated (`MODEL...`) is a list; `options` has a key per option that was given or has a default. */
export interface CommandInput<Arguments extends readonly unknown[] = readonly unknown[], Options extends object = object> {
  readonly arguments: Arguments;
  readonly options: Readonly<Options>;
}

/** The file of one command. It is loaded only when that command is typed. */
export interface CommandBody<Arguments extends readonly unknown[] = readonly unknown[], Options extends object = object> {
  /** Adds arguments, options and help; what it adds must agree with `Arguments` and `Options`. */
  configure(command: Command): void;
  run(input: CommandInput<Arguments, Options>, session: Session): Promise<CommandResult>;
}

/** Ties the types of a command's arguments and options together. */
export function defineCommand<Arguments extends readonly unknown[], Options extends object>(body: CommandBody<Arguments, Options>): CommandBody<Arguments, Options> {
  return body;
}

/** One line of the list in commands.ts. */
export interface CommandEntry {
  /** The words that are typed, such as `model import`. */
  readonly words: string;
  readonly summary: string;
  load(): Promise<CommandBody>;
}
