import { InvalidArgumentError, type Command } from 'commander';

/** Text to a number; whether it is in range is checked against the job's schema. */
export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('Expected a number, such as 8 or 2e-4.');
  return value;
}

/** Text to a whole number of at least 1. */
export function count(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('Expected a whole number from 1 on.');
  return value;
}

/** What is typed for an option that commander calls `topP`: `--top-p`. */
export function flagOf(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

export interface Prices {
  readonly promptPerMillion: number;
  readonly answerPerMillion: number;
}

/** "0.15:0.6": what a million tokens of prompts and of answers cost. */
export function prices(text: string): Prices {
  const match = /^(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)$/.exec(text);
  if (!match) throw new InvalidArgumentError('Expected what a million tokens of prompts and of answers cost, such as 0.15:0.6.');
  return { promptPerMillion: Number(match[1]), answerPerMillion: Number(match[2]) };
}

/** For an option that may be given again and again. */
export function collect(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

/** For an option that takes several values with commas between them, and may be given again. */
export function collectList(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), ...text.split(',').map((part) => part.trim())];
}

/** For `--parameter NAME=VALUE`, again and again; a value that reads as JSON is taken as such. */
export function collectPairs(text: string, before: Readonly<Record<string, unknown>> | undefined): Readonly<Record<string, unknown>> {
  const { name, value } = pair(text);
  return { ...before, [name]: parseJson(value) };
}

/** For `--placeholder NAME=VALUE`, again and again; values are texts. */
export function collectTexts(text: string, before: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> {
  const { name, value } = pair(text);
  return { ...before, [name]: value };
}

function pair(text: string): { name: string; value: string } {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('Expected NAME=VALUE.');
  return { name: text.slice(0, equals), value: text.slice(equals + 1) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** What every command that starts a job takes. */
export interface JobOptions {
  readonly out?: string;
  readonly detach?: boolean;
}

export function addJobOptions(command: Command, result: string): Command {
  return command
    .option('--out <dir>', `copy ${result} into this folder`)
    .option('--wait', 'wait for the end (the default)')
    .option('--detach', 'return at once and print the run id');
}
