import { fitGrid, nearestLevels } from './integer-grid.js';
import { roundedMatrix } from './rounded-matrix.js';
import type { PlainMethod } from './rounding-method.js';

/** Each weight goes to the level next to it: what every other method has to beat. */
export const roundToNearest: PlainMethod = {
  name: 'rtn',
  calibrates: false,
  round(weight, grid, tensorName) {
    const fit = fitGrid(weight, grid);
    return roundedMatrix(tensorName, nearestLevels(weight, fit, grid), fit, grid);
  },
};
