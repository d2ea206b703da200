import type { Command } from 'commander';
import { number, prices, type Prices } from '../options.js';
import type { Session } from '../session.js';
import { isPath, providePath, resolveReference } from './references.js';
import type { Setting, StepSettings } from './step-settings.js';

/** How an address is asked, as typed. */
export interface AddressOptions {
  readonly concurrency?: number | undefined;
  readonly requestsPerMinute?: number | undefined;
  readonly timeout?: number | undefined;
  readonly retries?: number | undefined;
  readonly prices?: Prices | undefined;
  readonly spendingCap?: number | undefined;
}

/** The keys of `AddressOptions`: options that only a model behind an address has. */
export const addressKeys = ['concurrency', 'requestsPerMinute', 'timeout', 'retries', 'prices', 'spendingCap'] as const satisfies readonly (keyof AddressOptions)[];

export function addAddressOptions(command: Command): Command {
  return command
    .option('--concurrency <count>', 'address: requests under way at a time (default: 4)', number)
    .option('--requests-per-minute <count>', 'address: no more than these (default: no limit)', number)
    .option('--timeout <seconds>', 'address: for one request (default: 120)', number)
    .option('--retries <count>', 'address: further tries after one that failed in a way that may pass (default: 6)', number)
    .option('--prices <PROMPT:ANSWER>', 'address: what a million tokens cost, such as 0.15:0.6', prices)
    .option('--spending-cap <amount>', 'address: the most that may be spent', number);
}

/** How options are typed that are not typed as everywhere. */
export type AddressFlags = Partial<Record<'keyVariable' | 'prices' | 'spendingCap', string>>;

/** The address of a teacher or a judge, each part told by the option that it came from. */
export function addressSetting(option: '--teacher' | '--judge', url: string, model: string | undefined, keyVariable: string | undefined, options: AddressOptions, flags: AddressFlags = {}): Setting {
  return partsOf({
    url: [option, url],
    model: [`${option}-model`, model],
    keyVariable: [flags.keyVariable ?? (option === '--teacher' ? '--key-variable' : '--judge-key-variable'), keyVariable],
    concurrency: ['--concurrency', options.concurrency],
    requestsPerMinute: ['--requests-per-minute', options.requestsPerMinute],
    timeoutSeconds: ['--timeout', options.timeout],
    retries: ['--retries', options.retries],
    prices: [flags.prices ?? '--prices', options.prices && { ...options.prices }],
    spendingCap: [flags.spendingCap ?? '--spending-cap', options.spendingCap],
  });
}

/** An object of the parts that were given; undefined where none was. */
export function partsOf(parts: Readonly<Record<string, readonly [option: string, value: StepSettings[string] | undefined]>>): Setting {
  const given = Object.entries(parts).flatMap(([key, [, value]]) => (value === undefined ? [] : [[key, value] as const]));
  return { option: Object.values(parts)[0]![0], options: Object.fromEntries(Object.entries(parts).map(([key, [option]]) => [key, option])), value: given.length === 0 ? undefined : Object.fromEntries(given) };
}

/** A registered model, or a GGUF file as it is; an address needs no reference. */
export async function teacherReference(session: Session, text: string, key: 'teacher' | 'judge'): Promise<StepSettings> {
  if (isAddress(text)) return {};
  if (isPath(text) && text.toLowerCase().endsWith('.gguf')) return { [`${key}File`]: await providePath(session, text, `--${key}`) };
  return { [key]: await resolveReference(session, text, `--${key}`) };
}

export function isAddress(text: string): boolean {
  return /^https?:\/\//i.test(text);
}
