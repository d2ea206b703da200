import type { Module } from '@tunesmith/nn';

/** A module that adds noise in training only, such as dropout, and says so. */
interface Noisy {
  dropoutEnabled: boolean;
}

/** Runs `body` with the noise of training off (every module that has `dropoutEnabled`), and puts it back. Synchronous. */
export function quietly<T>(model: Module, body: () => T): T {
  const noisy = [...model.modules()].filter((module): module is Module & Noisy => 'dropoutEnabled' in module && module.dropoutEnabled === true);
  for (const module of noisy) module.dropoutEnabled = false;
  try {
    return body();
  } finally {
    for (const module of noisy) module.dropoutEnabled = true;
  }
}
