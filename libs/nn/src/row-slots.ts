import { full, keep, noGrad, ops, scope, tensor, TunesmithError, zeros, type Tensor } from '@tunesmith/tensor';
import { rowLengths } from './pack-tokens.js';

/** Keys and values, each [tokens, heads, headDim], of packed rows. */
export interface PackedKeys {
  readonly keys: Tensor;
  readonly values: Tensor;
  readonly boundaries: readonly number[];
}

/**
 * Keys and values of rows of their own lengths, kept beyond every scope. Rows end at the same slot, as in `KeyValueCache`, so that one more
 * token of every row is one copy and looked at by one call. For inference: nothing is differentiated through it.
 */
export class RowSlots {
  /** [rows, heads, capacity, headDim]; slots from #end on are free, those before a row's beginning are zero. */
  #keys: Tensor | null = null;
  #values: Tensor | null = null;
  #lengths: readonly number[] = [];
  /** One past the last used slot. */
  #end = 0;

  /** Tokens held of each row; empty before the first. */
  get lengths(): readonly number[] {
    return this.#lengths;
  }

  /** Holds these rows in place of any others. With `room`, more tokens will be appended. */
  fill({ keys, values, boundaries }: PackedKeys, { room = false } = {}): void {
    const lengths = rowLengths(boundaries);
    const end = Math.max(...lengths);
    const capacity = room ? withRoom(end) : end;
    this.#replace(() => [layOut(keys, lengths, end, capacity), layOut(values, lengths, end, capacity)]);
    this.#lengths = lengths;
    this.#end = end;
  }

  /** One more token of every row: key and value [rows, heads, headDim]. */
  append(key: Tensor, value: Tensor): void {
    if (this.#held()[0].shape[2] === this.#end) this.#grow();
    noGrad(() => this.#held().forEach((held, which) => ops.copyInPlace(ops.select(held, 2, this.#end), which === 0 ? key : value)));
    this.#lengths = this.#lengths.map((length) => length + 1);
    this.#end += 1;
  }

  /** The rows one after another. */
  packed(): PackedKeys {
    const [keys, values] = this.#held();
    return { keys: ops.cat(this.#rows(keys), 0), values: ops.cat(this.#rows(values), 0), boundaries: boundariesOf(this.#lengths) };
  }

  /** The rows one after another, each continued by one of `more`. What is held stays as it is. */
  continued(more: PackedKeys): PackedKeys {
    const [keys, values] = this.#held();
    const added = rowLengths(more.boundaries);
    const joined = (held: Tensor, fresh: Tensor) => {
      const beginnings = this.#rows(held);
      return ops.cat(ops.splitWithSizes(fresh, added, 0).flatMap((end, row) => [beginnings[row] ?? end, end]), 0); // [tokens, heads, headDim]
    };
    return { keys: joined(keys, more.keys), values: joined(values, more.values), boundaries: boundariesOf(added.map((count, row) => count + (this.#lengths[row] ?? 0))) };
  }

  /**
   * One query for each row over all that is held of it: [rows, heads, headDim] -> the same. `bias`, which broadcasts to [rows, heads, 1, longest],
   * is added to the scores, whose last place is each row's newest token; it must close what lies before a row (`rowBeginnings`).
   */
  attend(query: Tensor, bias: Tensor | null): Tensor {
    const [keys, values] = this.#held();
    // Slots that only rows held which are gone now are nobody's.
    const longest = Math.max(...this.#lengths);
    const seen = (held: Tensor) => ops.narrow(held, 2, this.#end - longest, longest);
    return ops.squeeze(ops.scaledDotProductAttention(ops.unsqueeze(query, 2), seen(keys), seen(values), bias, 0, false, 1), 2);
  }

  /** Forgets all rows but these, in this order. */
  keepRows(rows: readonly number[]): void {
    if (!this.#keys) return;
    this.#replace(() => {
      const index = tensor([...rows], { dtype: 'int64', device: this.#held()[0].device });
      return this.#held().map((held) => ops.indexSelect(held, 0, index));
    });
    this.#lengths = rows.map((row) => this.#lengths[row] ?? 0);
  }

  [Symbol.dispose](): void {
    this.#keys?.dispose();
    this.#values?.dispose();
    this.#keys = this.#values = null;
    this.#lengths = [];
    this.#end = 0;
  }

  /** [length, heads, headDim] of each row. */
  #rows(held: Tensor): Tensor[] {
    return this.#lengths.map((length, row) => ops.transpose(ops.narrow(ops.select(held, 0, row), 1, this.#end - length, length), 0, 1));
  }

  #grow(): void {
    this.#replace(() =>
      this.#held().map((held) => {
        const [rows = 0, heads = 0, capacity = 0, headDim = 0] = held.shape;
        const larger = zeros([rows, heads, withRoom(capacity), headDim], { dtype: held.dtype, device: held.device });
        ops.copyInPlace(ops.narrow(larger, 2, 0, capacity), held);
        return larger;
      }),
    );
  }

  #replace(make: () => Tensor[]): void {
    const [keys, values] = scope(() => noGrad(make));
    if (!keys || !values) throw new TypeError('expected keys and values');
    this.#keys?.dispose();
    this.#values?.dispose();
    this.#keys = keep(keys);
    this.#values = keep(values);
  }

  #held(): [Tensor, Tensor] {
    if (!this.#keys || !this.#values) throw new TunesmithError({ message: 'RowSlots: nothing is held yet, or it was disposed of.', code: 'cache-empty' });
    return [this.#keys, this.#values];
  }
}

/**
 * What closes the slots before each row's beginning, [rows, 1, 1, longest]: 0 where a row of this length, ending at the last slot, holds
 * something, else -Infinity. Null where all rows are as long.
 */
export function rowBeginnings(lengths: readonly number[], { dtype, device }: Pick<Tensor, 'dtype' | 'device'>): Tensor | null {
  const longest = Math.max(...lengths);
  if (lengths.every((length) => length === longest)) return null;
  const closed = new Uint8Array(lengths.length * longest);
  lengths.forEach((length, row) => closed.fill(1, row * longest, (row + 1) * longest - length));
  const mask = tensor(closed, { shape: [lengths.length, 1, 1, longest], dtype: 'bool', device });
  return ops.maskedFill(full([1], 0, { dtype, device }), mask, -Infinity);
}

/** Zeros, not empty memory, before a row: what is closed still enters a product, and nothing times NaN is NaN. */
function layOut(packed: Tensor, lengths: readonly number[], end: number, capacity: number): Tensor {
  const [, heads = 0, headDim = 0] = packed.shape;
  const slots = zeros([lengths.length, heads, capacity, headDim], { dtype: packed.dtype, device: packed.device });
  ops.splitWithSizes(packed, lengths, 0).forEach((row, index) => {
    const length = lengths[index] ?? 0;
    ops.copyInPlace(ops.narrow(ops.select(slots, 0, index), 1, end - length, length), ops.transpose(row, 0, 1));
  });
  return slots;
}

function boundariesOf(lengths: readonly number[]): number[] {
  const boundaries = [0];
  for (const length of lengths) boundaries.push((boundaries.at(-1) ?? 0) + length);
  return boundaries;
}

function withRoom(tokens: number): number {
  return tokens + Math.max(64, tokens);
}
