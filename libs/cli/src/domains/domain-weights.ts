import { readFile } from 'node:fs/promises';
import { CommandError, UsageError } from '../errors.js';
import { isPath } from '../runs/references.js';
import type { StepSettings } from '../runs/step-settings.js';

/** `uniform`, `inverse`, `detected`, or a weight for each domain: `law=0.5,code=0.5`. */
export function parseWeights(option: string, text: string): StepSettings[string] {
  if (['uniform', 'inverse', 'detected'].includes(text)) return text;
  return parseFigures(option, text, 'uniform, inverse, detected or law=0.5,code=0.5');
}

/** Figures by domain: `law=1.2,code=0.9`. */
export function parseFigures(option: string, text: string, expected: string): Record<string, number> {
  const figures: Record<string, number> = {};
  for (const part of text.split(',')) {
    const equals = part.lastIndexOf('=');
    const [domain, figure] = [part.slice(0, equals).trim(), part.slice(equals + 1).trim()];
    if (equals < 1 || domain === '' || figure === '' || !Number.isFinite(Number(figure))) throw new UsageError(`${option}: expected ${expected}; got "${text}"`);
    if (domain in figures) throw new UsageError(`${option}: expected each domain once; got ${domain} twice`);
    figures[domain] = Number(figure);
  }
  return figures;
}

/** What `--detection` stands for: the artifact of a detect step, or the shares in its detection.json. */
export async function readDetection(text: string | undefined): Promise<StepSettings> {
  if (text === undefined) return {};
  if (!isPath(text)) return { detection: text };
  const expected = (cause?: unknown): CommandError => new CommandError({ message: `--detection: expected the detection.json of a detection, or its digest (sha256:…); got ${text}`, code: 'detection-invalid', attempts: ['tunesmith dataset detect MODEL --out DIR --judge …'], cause });
  try {
    const { shares } = JSON.parse(await readFile(text, 'utf8')) as { shares?: StepSettings[string] };
    if (typeof shares !== 'object' || shares === null) throw expected();
    return { shares };
  } catch (error) {
    throw error instanceof CommandError ? error : expected(error);
  }
}
