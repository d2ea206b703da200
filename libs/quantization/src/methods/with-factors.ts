import { scope, type Tensor } from '@tunesmith/tensor';
import { hessian, inverseFactor, type InverseFactor } from './inverse-factor.js';
import type { LayerLinear, LayerWork } from './rounding-method.js';

/**
 * Has a layer compute; each linear with a grid is multiplied with what `round` makes of it by the inverse factor of what goes into it: one after another, on what the rounded ones before it
 * give (`true_sequential`).
 */
export function withFactors<Grid>(compute: LayerWork<Grid>['compute'], how: { readonly damping: number; readonly byActivation: boolean }, round: (linear: LayerLinear<Grid>, grid: Grid, factor: InverseFactor, input: Tensor) => Tensor): void {
  // Linears side by side are given the same input, one after another.
  let shared: { readonly input: Tensor; readonly factor: InverseFactor } | undefined;
  const forget = () => [shared?.factor.factor, shared?.factor.dead, shared?.factor.diagonal].forEach((each) => each?.dispose());
  compute((linear, input) => {
    const { path, weight, grid } = linear;
    if (grid === null) return weight;
    if (shared?.input !== input) {
      forget();
      shared = { input, factor: scope(() => inverseFactor(hessian(input, path), { ...how, path })) };
    }
    const { factor } = shared;
    return scope(() => round(linear, grid, factor, input));
  });
  forget();
}
