import { describeMergeMethod } from '../testing/describe-merge-method.js';
import { keepsByRank } from '../testing/keeps-by-rank.js';
import { dellaLinear } from './della-linear.js';

describeMergeMethod(dellaLinear, { parameters: { weight: 0.5, density: 0.5 } });

keepsByRank(dellaLinear);
