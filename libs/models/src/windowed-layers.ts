import { z } from 'zod';

const count = z.int().positive();

export const WindowedLayerType = z.enum(['sliding_attention', 'full_attention']);
export type WindowedLayerType = z.infer<typeof WindowedLayerType>;

/** The keys by which the Qwen families publish which layers look through a window, with their published defaults. */
export const windowKeys = {
  use_sliding_window: z.boolean().default(false),
  sliding_window: count.nullable().default(4096),
  max_window_layers: z.int().nonnegative().default(28),
  layer_types: z.array(WindowedLayerType).nullish(),
};

export interface WindowedLayers {
  /** One per layer. */
  layer_types: readonly WindowedLayerType[];
  /** In sliding layers a token sees itself and the `sliding_window - 1` tokens before it; null where no layer slides. */
  sliding_window: number | null;
}

interface PublishedWindows {
  readonly use_sliding_window: boolean;
  readonly sliding_window: number | null;
  readonly max_window_layers: number;
  readonly layer_types?: readonly WindowedLayerType[] | null | undefined;
}

/**
 * What the keys mean: without `use_sliding_window` nothing slides, whatever the others say; with it the first `max_window_layers` layers see
 * everything and those after them slide (the name says otherwise, the published code does this), unless `layer_types` names each.
 */
export function windowedLayers({ use_sliding_window: used, sliding_window, max_window_layers, layer_types }: PublishedWindows, layers: number, refuse: (problem: string) => never): WindowedLayers {
  const window = used ? sliding_window : null;
  if (layer_types && layer_types.length !== layers) refuse(`layer_types names ${layer_types.length} layers, num_hidden_layers says ${layers}`);
  const types = layer_types ?? Array.from({ length: layers }, (_, index) => (window !== null && index >= max_window_layers ? 'sliding_attention' : 'full_attention'));
  const slides = types.includes('sliding_attention');
  if (slides && window === null) refuse('layer_types has sliding layers, but use_sliding_window is false or sliding_window is null');
  return { layer_types: types, sliding_window: slides ? window : null };
}
