import type { Choice, Choices } from './chosen-options.js';

const lora = { rank: 'rank', alpha: 'alpha', dropout: 'dropout', targetModule: 'targetModules' };

const choices: Readonly<Record<string, Choice>> = {
  lora: { settings: { kind: 'lora' }, takes: lora },
  rslora: { settings: { kind: 'lora', rankStabilized: true }, takes: lora },
  dora: { settings: { kind: 'lora', decomposed: true }, takes: lora },
  // 16 is what the paper recommends, and peft's documentation.
  'lora-plus': { settings: { kind: 'lora', learningRateRatio: 16 }, takes: { ...lora, lrRatio: 'learningRateRatio' } },
  pissa: { settings: { kind: 'lora', initialization: 'pissa' }, takes: lora },
  olora: { settings: { kind: 'lora', initialization: 'olora' }, takes: lora },
  qlora: { settings: { kind: 'lora', base: 'nf4' }, takes: { ...lora, base: 'base' } },
  adalora: { settings: { kind: 'adalora' }, takes: { rank: 'targetRank', initialRank: 'initialRank', alpha: 'alpha', dropout: 'dropout', targetModule: 'targetModules', interval: 'interval' } },
  full: { settings: { kind: 'full' }, takes: {} },
  freeze: { settings: { kind: 'full' }, takes: { freeze: 'freeze', trainOnly: 'train' } },
  lisa: { settings: { kind: 'lisa' }, takes: { layers: 'layers', interval: 'interval' } },
  galore: { settings: { kind: 'galore' }, takes: { rank: 'rank', interval: 'interval', scale: 'scale' } },
};

/** `--method`: the methods of tuning by the names that people know, and the options that each takes. */
export const methodChoices: Choices = {
  option: '--method',
  choices,
  flags: {
    rank: '--rank', alpha: '--alpha', dropout: '--dropout', targetModule: '--target-module', lrRatio: '--lr-ratio', base: '--base', initialRank: '--initial-rank',
    freeze: '--freeze', trainOnly: '--train-only', layers: '--layers', interval: '--interval', scale: '--scale',
  },
};
