import type { RowLayout } from '@tunesmith/datasets';
import type { PackedTokens } from '@tunesmith/nn';
import { tensor } from '@tunesmith/tensor';

/** Packed rows, and of encoder-decoders their sources, as tensors of the caller's scope on the device of the model that reads them. */
export function packedTokens({ tokenIds, positions, boundaries, source }: RowLayout & { readonly source?: RowLayout }, device: string): PackedTokens {
  return {
    tokenIds: tensor(tokenIds, { dtype: 'int64', device }),
    positions: tensor(positions, { dtype: 'int64', device }),
    boundaries,
    ...(source && { source: packedTokens(source, device) }),
  };
}
