import { findStepKind, withArticle, type ArtifactKind, type ArtifactRef, type Digest, type QuantizationTarget, type RecipeStep } from '@tunesmith/contracts';
import { jobErrorOf } from '@tunesmith/platform';
import { RefusedError } from '../errors.js';
import { checkSteps, mapReferences, referencesIn, type StepProblem } from './check-steps.js';
import { expressionsIn, stepOutput, substitute, type Json } from './expression.js';
import { parseReference, type Reference } from './reference.js';

/** A step as it will run: names pinned to digests, paths turned into import steps. */
export interface PlannedStep {
  readonly name: string;
  readonly uses: string;
  readonly needs: readonly string[];
  readonly config: Readonly<Record<string, Json>>;
  readonly contentDigest: Digest | null;
  /** Its failure does not end the run. */
  readonly mayFail: boolean;
}

export interface RunPlan {
  readonly steps: readonly PlannedStep[];
  /** Empty where the run can start. */
  readonly problems: readonly StepProblem[];
}

/** Something outside: what an import step is given for it, and its digest, null where the bytes cannot be read from here. */
export interface Located {
  readonly config: { readonly path: string; readonly upload?: ArtifactRef };
  readonly contentDigest: Digest | null;
}

/** What planning has to look up. Both throw, with what to try, where there is no such thing. */
export interface Surroundings {
  artifactOf(reference: Exclude<Reference, { kind: 'path' }>, expected: ArtifactKind): Promise<ArtifactRef>;
  /** A model; of an adapter the base that it was made of, and the adapter. Throws where no base is known. */
  modelOf(reference: Exclude<Reference, { kind: 'path' }>): Promise<{ readonly model: ArtifactRef; readonly adapter?: ArtifactRef }>;
  locate(path: string): Promise<Located>;
  /** Throws where files at the path cannot be read from here, or may not be. */
  expectReadable(path: string): Promise<void>;
  /** Stores rows as an artifact with a rows.jsonl. */
  storeRows(rows: readonly Json[]): Promise<ArtifactRef>;
}

/** Of rows as JSON that travel in a message; more travel as an artifact. */
const largestRows = 200_000;

const importSteps = { dataset: 'import-dataset', model: 'import-model', adapter: 'import-model', gguf: 'import-model', upload: 'import-files', tasks: 'import-tasks' } as const;

/**
 * Turns the steps of a recipe into the steps of a run. Names are looked up once, now, so that all steps mean the same bytes however the
 * names move meanwhile. A path becomes an import step before the steps that use it, one for each path.
 */
export async function planRun(steps: Readonly<Record<string, RecipeStep>>, event: Readonly<Record<string, Json>>, surroundings: Surroundings): Promise<RunPlan> {
  const problems: StepProblem[] = [];
  const withEvent = Object.fromEntries(Object.entries(steps).map(([name, step]) => [name, { ...step, with: fromEvent(name, step.with, event, problems) }]));
  problems.push(...checkSteps(withEvent));
  const imports = new ImportSteps(Object.keys(steps), surroundings);
  const modelName = onlyModelName(withEvent);
  const planned: PlannedStep[] = [];
  /** Where an adapter may stand beside the model, an adapter alone means its base with it. */
  const artifactsOf = async (reference: Exclude<Reference, { kind: 'path' }>, key: string, { uses, with: config }: RecipeStep): Promise<{ readonly model: ArtifactRef; readonly adapter?: ArtifactRef }> => {
    const { references } = findStepKind(uses)!;
    if (reference.format !== undefined) expectFormatFits(reference.format, key, uses, references);
    if (reference.kind === 'name') expectNameFits(reference.name, key, uses, references[key]!);
    if (key === 'model' && references['adapter'] === 'adapter' && config['adapter'] === undefined) return surroundings.modelOf(reference);
    return { model: await surroundings.artifactOf(reference, references[key]!) };
  };
  for (const [name, step] of Object.entries(withEvent)) {
    const kind = findStepKind(step.uses);
    if (!kind || problems.some((problem) => problem.step === name)) continue;
    const needs = new Set(step.needs);
    const pinned = new Map<string, string>();
    let tuned: Digest | undefined;
    const attempt = async (key: string, work: () => Promise<void>): Promise<void> => {
      try {
        await work();
      } catch (error) {
        const { code, message } = jobErrorOf(error);
        problems.push({ step: name, key, code, message });
      }
    };
    for (const [key, expected] of Object.entries(kind.references)) {
      for (const text of referencesIn(step.with[key])) {
        if (typeof text !== 'string') continue;
        const reference = parseReference(text);
        if (expressionsIn(text).length > 0 || !reference) continue;
        await attempt(key, async () => {
          if (reference.kind !== 'path') {
            const found = await artifactsOf(reference, key, step);
            if (found.adapter) tuned = found.adapter.digest;
            return void pinned.set(`${key} ${text}`, found.model.digest);
          }
          const source = await imports.stepFor(reference.path, expected);
          needs.add(source.step);
          pinned.set(`${key} ${text}`, `\${{ steps.${source.step}.${source.output} }}`);
        });
      }
    }
    let config: Record<string, Json> = { ...mapReferences(step.with, kind, (value, _expected, key) => pinned.get(`${key} ${String(value)}`) ?? value), ...(tuned !== undefined && { adapter: tuned }) };
    let contentDigest: Digest | null = null;
    if (kind.name !== 'import-tasks' && Object.values<string>(importSteps).includes(kind.name)) {
      await attempt('path', async () => {
        const located = await surroundings.locate(String(config['path']));
        config = { ...config, ...located.config };
        contentDigest = located.contentDigest;
      });
    }
    if (kind.name === 'import-tasks') {
      // What tasks read besides their own files is found only when they are read: the bytes at the path do not decide the result.
      const path = config['path'];
      if (typeof path === 'string' && path.startsWith('upload:')) await attempt('path', async () => void (config = { ...config, ...(await surroundings.locate(path)).config }));
      if (config['upload'] === undefined) for (const [key, path] of pathsOfTasks(config)) await attempt(key, () => surroundings.expectReadable(path));
    }
    if (kind.name === 'score' && Array.isArray(config['rows']) && JSON.stringify(config['rows']).length > largestRows) {
      const { rows, ...others } = config;
      config = { ...others, input: await surroundings.storeRows(rows as Json[]) };
    }
    if (kind.name === 'promote' && config['name'] === undefined) {
      if (modelName.length === 1) config = { ...config, name: modelName[0]! };
      else problems.push({ step: name, key: 'name', code: 'promote-name-missing', message: `expected the name to promote under, because the recipe refers to ${modelName.length === 0 ? 'no registered model' : `several: ${modelName.join(', ')}`}; got none; add name: NAME` });
    }
    planned.push({ name, uses: step.uses, needs: [...needs], config, contentDigest, mayFail: step.mayFail ?? false });
  }
  return { steps: [...imports.steps, ...planned], problems };
}

/** What steps make beside models, adapters and datasets has no name of its own. @throws RefusedError */
function expectNameFits(name: string, key: string, uses: string, expected: ArtifactKind): void {
  if (!unnamed.includes(expected)) return;
  throw new RefusedError({
    code: 'reference-unnamed', facts: { key, name, expected },
    message: `expected the digest (sha256:…) of ${withArticle(expected)} as ${key} of ${uses}, as the step that made it printed it (tunesmith run show RUN lists them); got the name "${name}"`,
  });
}

const unnamed: readonly ArtifactKind[] = ['report', 'evaluation', 'tasks', 'distributions'];

/** @throws RefusedError where the key takes no file that a model was quantized to */
function expectFormatFits(format: QuantizationTarget, key: string, uses: string, references: Readonly<Record<string, ArtifactKind>>): void {
  const expected = references[key]!;
  if (expected === 'gguf' || expected === 'onnx' || expected === 'hf' || expected === 'upload') return;
  const other = key === 'model' ? Object.keys(references).find((each) => each === format.split('/')[0]) : undefined;
  throw new RefusedError({
    code: 'format-unfit', facts: { key, format, expected },
    message: `expected ${expected === 'model' ? 'a model with its own weights' : `the kind ${expected}`} as ${key} of ${uses}; got #${format}, a file that a model was quantized to; ` +
      (other === undefined ? `${uses} cannot use it: leave out #${format}` : `give it as ${other} in the place of ${key}, or leave out #${format}`),
  });
}

/** Puts the event's values in the place of `${{ event.… }}`. */
function fromEvent(step: string, config: Readonly<Record<string, Json>>, event: Readonly<Record<string, Json>>, problems: StepProblem[]): Record<string, Json> {
  return substitute({ ...config }, (expression) => {
    if (stepOutput(expression)) return undefined;
    const value = expression.startsWith('event.') ? event[expression.slice('event.'.length)] : undefined;
    if (typeof value === 'string') return value;
    problems.push({ step, code: 'event-value-missing', message: `expected the event that starts the run to have ${expression} as a text; it has ${Object.keys(event).join(', ') || 'nothing'}; start the run with {"dataset": "NAME"}` });
    return undefined;
  }) as Record<string, Json>;
}

/** The paths of this machine that an import of tasks names, by key. */
function pathsOfTasks(config: Readonly<Record<string, Json>>): [key: string, path: string][] {
  const files = [config['tasks'] ?? []].flat().filter((text): text is string => typeof text === 'string' && text.startsWith('/') && /\.ya?ml$/.test(text));
  return [...files.map((path): [string, string] => ['tasks', path]), ...(['path', 'include', 'data'] as const).flatMap((key): [string, string][] => (typeof config[key] === 'string' ? [[key, config[key]]] : []))];
}

/** The registered models that the steps name, each once: what `promote` means without a name. */
function onlyModelName(steps: Readonly<Record<string, RecipeStep>>): string[] {
  const names = Object.values(steps).flatMap((step) => {
    const kind = findStepKind(step.uses);
    if (kind?.name === 'import-model') return typeof step.with['name'] === 'string' ? [step.with['name']] : [];
    return Object.entries(kind?.references ?? {}).flatMap(([key, expected]) => (expected === 'dataset' ? [] : referencesIn(step.with[key]))).flatMap((text) => {
      const reference = typeof text === 'string' && expressionsIn(text).length === 0 ? parseReference(text) : undefined;
      return reference?.kind === 'name' ? [reference.name] : [];
    });
  });
  return [...new Set(names)];
}

/** The import steps that a run needs for the paths in its references. */
class ImportSteps {
  readonly steps: PlannedStep[] = [];
  private readonly byPath = new Map<string, string>();

  constructor(private readonly taken: readonly string[], private readonly surroundings: Surroundings) {}

  async stepFor(path: string, expected: ArtifactKind): Promise<{ step: string; output: string }> {
    const uses = importSteps[expected as keyof typeof importSteps];
    const key = `${uses} ${path}`;
    const known = this.byPath.get(key);
    if (known) return { step: known, output: expected };
    const { config, contentDigest } = await this.surroundings.locate(path);
    const step = this.freeName(uses);
    this.byPath.set(key, step);
    this.steps.push({ name: step, uses, needs: [], config, contentDigest: uses === 'import-tasks' ? null : contentDigest, mayFail: false });
    return { step, output: expected };
  }

  private freeName(wanted: string): string {
    const isFree = (name: string): boolean => !this.taken.includes(name) && !this.steps.some((step) => step.name === name);
    for (let number = 1; ; number += 1) {
      const name = number === 1 ? wanted : `${wanted}-${number}`;
      if (isFree(name)) return name;
    }
  }
}
