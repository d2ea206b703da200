import { counterUniform } from '../counter-random.js';
import { DatasetError } from '../dataset-error.js';
import { permutation } from '../row-order.js';

/** `when-needed`: only where the rows do not suffice, as VersaTune does. */
export type Replacement = 'when-needed' | 'always' | 'never';

/** So many rows, or rows of so many tokens: the row that would reach over the end is taken where that comes nearer to it than leaving it. */
export type DrawAmount = { readonly rows: number } | { readonly tokens: number };

export interface DrawOptions {
  /** Names the rows in an error. */
  readonly domain: string;
  readonly amount: DrawAmount;
  readonly replacement: Replacement;
  readonly seed: number;
  /** Tells draws of one seed apart, such as the rounds of a training. */
  readonly stream: number;
}

export interface DrawnRows {
  /** Which rows, in the order in which they were drawn. */
  readonly places: readonly number[];
  /** Whether a row could come twice. */
  readonly withReplacement: boolean;
}

/**
 * The whole that a share stands for: `floor(share * total)`, the rule of VersaTune's released code. A share such as 0.29 times 100 is 29, although
 * the nearest number to 0.29 is below it.
 */
export function floorShare(share: number, total: number): number {
  return Math.floor(share * total * (1 + 4 * Number.EPSILON));
}

/**
 * Draws rows of one domain, `tokens` holding the length of each. A function of its arguments alone.
 *
 * @throws DatasetError `domain-empty`; `domain-too-small` where rows do not suffice and none may come twice.
 */
export function drawRows(tokens: readonly number[], { domain, amount, replacement, seed, stream }: DrawOptions): DrawnRows {
  const available = 'rows' in amount ? tokens.length : tokens.reduce((sum, length) => sum + length, 0);
  const wanted = 'rows' in amount ? amount.rows : amount.tokens;
  const withReplacement = replacement === 'always' || (replacement === 'when-needed' && wanted > available);
  if (wanted > available && !withReplacement) {
    throw new DatasetError({ message: `${domain}: expected at least ${wanted} ${Object.keys(amount)[0]}; there are ${available}. Ask for less, or let rows come twice (replacement when-needed).`, code: 'domain-too-small', facts: { domain, wanted, available } });
  }
  if (wanted > 0 && tokens.length === 0) throw new DatasetError({ message: `${domain}: expected rows to draw from; there are none.`, code: 'domain-empty', facts: { domain } });
  const order = withReplacement ? undefined : permutation(tokens.length, seed, stream);
  const placeOf = (draw: number): number => order?.[draw] ?? Math.floor(counterUniform(seed, stream, draw) * tokens.length);
  const places: number[] = [];
  let sum = 0;
  for (let draw = 0; sum < wanted && (withReplacement || draw < tokens.length); draw += 1) {
    const place = placeOf(draw);
    const size = 'rows' in amount ? 1 : tokens[place]!;
    if (sum + size - wanted > wanted - sum) break;
    places.push(place);
    sum += size;
  }
  return { places, withReplacement };
}
