import type { Prices } from '../options.js';
import type { Session } from '../session.js';
import { isPath, providePath, resolveReference } from './references.js';
import type { Setting, StepSettings } from './step-settings.js';

/** How an address is asked, as typed. */
export interface AddressOptions {
  readonly concurrency?: number;
  readonly requestsPerMinute?: number;
  readonly timeout?: number;
  readonly retries?: number;
  readonly prices?: Prices;
  readonly spendingCap?: number;
}

/** The address of a teacher or a judge; `options`: what only one of them may have in a command. */
export function addressSetting(option: '--teacher' | '--judge', url: string, model: string | undefined, keyVariable: string | undefined, options: AddressOptions): Setting {
  return partsOf({
    url: [option, url],
    model: [`${option}-model`, model],
    keyVariable: [option === '--teacher' ? '--key-variable' : '--judge-key-variable', keyVariable],
    concurrency: ['--concurrency', options.concurrency],
    requestsPerMinute: ['--requests-per-minute', options.requestsPerMinute],
    timeoutSeconds: ['--timeout', options.timeout],
    retries: ['--retries', options.retries],
    prices: ['--prices', options.prices && { ...options.prices }],
    spendingCap: ['--spending-cap', options.spendingCap],
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
