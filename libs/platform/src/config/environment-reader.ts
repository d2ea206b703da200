import { ConfigError } from './config-error.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads settings from an environment and collects every problem, so that one error at start names them all. After a
 * problem the reader returns the fallback and goes on; `finish` throws.
 */
export class EnvironmentReader {
  private readonly problems: string[] = [];
  private readonly known = new Set<string>();

  constructor(private readonly environment: Environment) {}

  text(name: string): string | undefined;
  text(name: string, fallback: string): string;
  text(name: string, fallback?: string): string | undefined {
    this.known.add(name);
    const value = this.environment[name];
    if (value !== undefined && value.trim() === '') {
      this.problems.push(`${name}: expected a value; it is empty; unset it to take the default`);
      return fallback;
    }
    return value ?? fallback;
  }

  integer(name: string, { least, most }: { least: number; most: number }): number | undefined;
  integer(name: string, { least, most }: { least: number; most: number }, fallback: number): number;
  integer(name: string, { least, most }: { least: number; most: number }, fallback?: number): number | undefined {
    const value = this.text(name);
    if (value === undefined) return fallback;
    const number = Number(value);
    if (!/^-?\d+$/.test(value) || number < least || number > most) {
      this.problems.push(`${name}: expected a whole number from ${least} to ${most}; got "${value}"`);
      return fallback;
    }
    return number;
  }

  url(name: string, protocols: readonly string[]): URL | undefined;
  url(name: string, protocols: readonly string[], fallback: string): URL;
  url(name: string, protocols: readonly string[], fallback?: string): URL | undefined {
    const value = this.text(name) ?? fallback;
    if (value === undefined) return undefined;
    const expected = protocols.map((protocol) => `${protocol}//…`).join(' or ');
    if (!URL.canParse(value)) {
      this.problems.push(`${name}: expected a URL such as ${expected}; got "${hidePassword(value)}"`);
      return fallback === undefined ? undefined : new URL(fallback);
    }
    const url = new URL(value);
    if (!protocols.includes(url.protocol)) this.problems.push(`${name}: expected ${expected}; got "${hidePassword(value)}"`);
    return url;
  }

  problem(message: string): void {
    this.problems.push(message);
  }

  /** Names with this prefix that nobody asked for are problems, except those that other programs read. */
  refuseUnknown(prefix: string, readElsewhere: RegExp): void {
    for (const name of Object.keys(this.environment)) {
      if (!name.startsWith(prefix) || this.known.has(name) || readElsewhere.test(name) || this.environment[name] === undefined) continue;
      const near = [...this.known].filter((known) => distance(known, name) <= 3);
      const hint = near.length > 0 ? `did you mean ${near.join(' or ')}?` : `known are ${[...this.known].filter((known) => known.startsWith(prefix)).sort().join(', ')}`;
      this.problems.push(`${name}: unknown name; ${hint}`);
    }
  }

  finish(): void {
    if (this.problems.length > 0) throw new ConfigError(this.problems);
  }
}

export function hidePassword(url: string): string {
  return url.replace(/(\/\/[^:/@]*:)[^@/]*@/, '$1…@');
}

/** Levenshtein distance. */
function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_unused, index) => index);
  for (let i = 1; i <= left.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= right.length; j += 1) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (left[i - 1] === right[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[right.length]!;
}
