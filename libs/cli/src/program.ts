import { Command, CommanderError, type Option } from 'commander';
import type { CommandBody, CommandEntry, CommandResult } from './command.js';
import { commands, groups } from './commands.js';
import { CommandError, InterruptedError, UsageError } from './errors.js';
import { exitCodes } from './exit-codes.js';
import { installedVersion } from './installation.js';
import { Interrupts } from './interrupts.js';
import { Session } from './session.js';
import { Terminal } from './terminal/terminal.js';

/** Reads a command line, runs the command, prints its result or its error; returns the exit code. */
export async function runCommandLine(words: readonly string[], process: NodeJS.Process): Promise<number> {
  const terminal = new Terminal(process.stdout, process.stderr, process.env);
  const json = words.includes('--json');
  leaveQuietlyWithoutReader(process);
  const interrupts = new Interrupts();
  interrupts.listen();
  const session = new Session(terminal, interrupts, process.env, json);
  let exitCode: number = exitCodes.done;
  const program = buildProgram(async (body, input) => {
    const result = await body.run(input, session);
    printResult(terminal, result, json);
    if (result.failed) exitCode = exitCodes.failed;
  });
  try {
    await program.parseAsync(normalize(words), { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.done;
    return printError(terminal, asCommandError(error, words), json, process.env);
  }
}

/** `tunesmith` alone and `tunesmith help WORDS` ask for help as `--help` does. */
function normalize(words: readonly string[]): string[] {
  if (words.length === 0) return ['--help'];
  return words[0] === 'help' ? [...words.slice(1), '--help'] : [...words];
}

type Execute = (body: CommandBody, input: { arguments: readonly unknown[]; options: object }) => Promise<void>;

/** The tree of commands, without their options: those are in each command's own file, which is loaded when it is typed. */
function buildProgram(execute: Execute): Command {
  const program = prepare(new Command('tunesmith'));
  program
    .description('Makes language models better: a dataset arrives, and a tuned, evaluated, quantized model comes out.')
    .version(installedVersion(), '-V, --version', 'print the version')
    .addHelpText('after', '\nEvery command takes --json (one JSON document on stdout) and --help.\nExit codes: 0 done, 1 failed, 2 wrong use, 130 interrupted.');
  const parents = new Map<string, Command>();
  for (const entry of commands) {
    const [first, second] = entry.words.split(' ') as [string, string?];
    if (second === undefined) {
      addEntry(program, first, entry, execute);
      continue;
    }
    let group = parents.get(first);
    if (!group) {
      group = prepare(program.command(first)).description(`${groups[first] ?? first}: ${secondWords(first).join(', ')}`);
      parents.set(first, group);
      loadBeforeUse(group);
    }
    addEntry(group, second, entry, execute);
  }
  loadBeforeUse(program);
  return program;
}

function secondWords(first: string): string[] {
  return commands.flatMap(({ words }) => (words.startsWith(`${first} `) ? [words.slice(first.length + 1)] : []));
}

const entries = new WeakMap<Command, () => Promise<void>>();

function addEntry(parent: Command, word: string, entry: CommandEntry, execute: Execute): void {
  const command = prepare(parent.command(word)).summary(entry.summary).description(`${entry.summary[0]!.toUpperCase()}${entry.summary.slice(1)}.`);
  entries.set(command, async () => {
    const body = await entry.load();
    body.configure(command);
    command.option('--json', 'print one JSON document on stdout');
    const required = takeRequired(command);
    command.action(async () => {
      const missing = required.filter((option) => command.getOptionValue(option.attributeName()) === undefined);
      if (missing.length > 0) throw new UsageError(`expected ${missing.map((option) => option.flags).join(' and ')}; got none`, [`tunesmith ${entry.words} --help`]);
      await execute(body, { arguments: command.processedArgs, options: command.opts() });
    });
  });
}

/**
 * Required options are checked here and not by commander, which would complain of one that is missing before it says that
 * another was mistyped.
 */
function takeRequired(command: Command): Option[] {
  const required = command.options.filter((option) => option.mandatory);
  for (const option of required) {
    option.mandatory = false;
    option.description += ' (required)';
  }
  return required;
}

function loadBeforeUse(parent: Command): void {
  parent.hook('preSubcommand', async (_parent, command) => entries.get(command)?.());
}

function prepare(command: Command): Command {
  // Errors are thrown and printed by printError, in one form for all.
  return command.exitOverride().configureOutput({ outputError: () => undefined }).helpCommand(false).enablePositionalOptions();
}

function printResult(terminal: Terminal, result: CommandResult, json: boolean): void {
  if (json) terminal.print(JSON.stringify(result.document, null, 2));
  else for (const line of result.lines) terminal.print(line);
}

function printError(terminal: Terminal, error: CommandError, json: boolean, environment: NodeJS.ProcessEnv): number {
  if (json) terminal.print(JSON.stringify({ error: { code: error.code, message: error.message, facts: error.facts } }, null, 2));
  terminal.note(`${error instanceof InterruptedError ? terminal.paintNote('yellow', 'interrupted:') : terminal.paintNote('red', 'error:')} ${error.message}`);
  for (const attempt of error.attempts) terminal.note(`  try: ${attempt}`);
  if (environment['TUNESMITH_DEBUG']) terminal.note(stackOf(error));
  return error.exitCode;
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by: ${stackOf(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}

function asCommandError(error: unknown, words: readonly string[]): CommandError {
  if (error instanceof CommandError) return error;
  if (error instanceof CommanderError) return usageError(error, words);
  const cause = error instanceof Error ? error : new Error(String(error));
  return new CommandError({ message: cause.message, code: 'unexpected', attempts: ['run it again with TUNESMITH_DEBUG=1 to see where it came from'], cause });
}

function usageError(error: CommanderError, words: readonly string[]): UsageError {
  const known = commands.map((entry) => entry.words).find((each) => words.slice(0, each.split(' ').length).join(' ') === each);
  const above = known ?? (words[0] !== undefined && words[0] in groups ? words[0] : undefined);
  const help = ['tunesmith', ...(above === undefined ? [] : [above]), '--help'].join(' ');
  // A group without its second word: commander has printed the help.
  if (error.code === 'commander.help') return new UsageError('expected a command', [help]);
  const suggestion = /\(Did you mean (.+?)\?\)/.exec(error.message)?.[1];
  const message = error.message.replace(/^error: /, '').replace(/\n?\(Did you mean .+\?\)/, '');
  const corrected = suggestion === undefined ? [] : [suggestion.startsWith('-') ? suggestion : ['tunesmith', ...(above === undefined ? [] : [above]), suggestion].join(' ')];
  return new UsageError(message, [...corrected, help]);
}

/** `tunesmith … | head` ends the reader early: that is no error. */
function leaveQuietlyWithoutReader(process: NodeJS.Process): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(exitCodes.done);
      throw error;
    });
  }
}
