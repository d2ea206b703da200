import type { Choices } from '../train/chosen-options.js';

const update = { update: 'update', sigma: 'sigma', score: 'score' };

/** `--domain-schedule`: what becomes of the weights of domains at every evaluation, and the options that each choice takes. */
export const domainChoices: Choices = {
  option: '--domain-schedule',
  choices: {
    fixed: { settings: { kind: 'fixed' }, takes: {} },
    fostering: { settings: { kind: 'fostering' }, takes: update },
    expansion: { settings: { kind: 'expansion' }, takes: { ...update, targetDomain: 'target', delta: 'delta', epsilon: 'epsilon', hold: 'hold', limit: 'limit' } },
  },
  flags: { targetDomain: '--target-domain', update: '--update', sigma: '--sigma', score: '--score', delta: '--delta', epsilon: '--epsilon', hold: '--hold', limit: '--limit' },
};
