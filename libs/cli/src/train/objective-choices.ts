import type { Choices } from './chosen-options.js';

/** `--objective`: what is learned from the rows, and the options that each takes. `--teacher` is a reference and checked beside them. */
export const objectiveChoices: Choices = {
  option: '--objective',
  choices: {
    sft: { settings: { kind: 'sft' }, takes: { lossScale: 'lossScale' } },
    pretrain: { settings: { kind: 'pretrain' }, takes: {} },
    dpo: { settings: { kind: 'dpo' }, takes: { beta: 'beta', sftWeight: 'sftWeight' } },
    distill: { settings: { kind: 'distill' }, takes: { divergence: 'divergence', temperature: 'temperature', topK: 'topK', labelShare: 'labelShare', mixing: 'mixing' } },
  },
  flags: {
    lossScale: '--loss-scale', beta: '--beta', sftWeight: '--sft-weight', divergence: '--divergence', temperature: '--temperature', topK: '--top-k', labelShare: '--label-share', mixing: '--mixing',
  },
};

/** `--optimizer`. */
export const optimizerChoices: Choices = {
  option: '--optimizer',
  choices: {
    adamw: { settings: { kind: 'adamw' }, takes: { weightDecay: 'weightDecay' } },
    adafactor: { settings: { kind: 'adafactor' }, takes: { weightDecay: 'weightDecay' } },
    muon: { settings: { kind: 'muon' }, takes: { weightDecay: 'weightDecay', momentum: 'momentum' } },
  },
  flags: { weightDecay: '--weight-decay', momentum: '--momentum' },
};
