import { findStepKind, issueMessage, issueValue, mediaTypes, withArticle, type ArtifactKind, type RecipeStep, type StepKind } from '@tunesmith/contracts';
import { jobErrorOf } from '@tunesmith/platform';
import { RefusedError } from '../errors.js';
import { expressionsIn, type Json } from './expression.js';
import { parseGateCondition } from './gate-condition.js';
import { parseReference } from './reference.js';

/** Something wrong in a step, with what was expected, what came, what to try. */
export interface StepProblem {
  readonly step: string;
  /** Where in the step's `with`, with dots. */
  readonly key?: string;
  readonly code: string;
  readonly message: string;
}

/** What the registry sets itself while it plans, and what to give instead. */
const reservedKeys: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'import-model': { upload: 'path: upload:ID' },
  'import-dataset': { upload: 'path: upload:ID' },
  'import-files': { upload: 'path: upload:ID' },
  'import-tasks': { upload: 'path: upload:ID' },
  score: { input: 'rows' },
};

export function stepProblemsError(problems: readonly StepProblem[]): RefusedError {
  const lines = problems.map(({ step, key, message }) => `${step}${key ? `.${key}` : ''}: ${message}`);
  return new RefusedError({
    code: problems.length === 1 ? problems[0]!.code : 'steps-invalid',
    message: lines.length === 1 ? lines[0]! : `${lines.length} problems:\n- ${lines.join('\n- ')}`,
    facts: { problems: problems.map((problem) => ({ ...problem })) },
  });
}

/**
 * Everything about steps that can be checked without looking anything up: their keys and values, the syntax of references and of gate
 * conditions. What the recipe's own schema checks (names, needs, cycles, expressions) is not repeated. `isOpen`: of texts that stand for
 * others, only their being texts is checked.
 */
export function checkSteps(steps: Readonly<Record<string, RecipeStep>>, isOpen: (value: unknown) => boolean = () => false): StepProblem[] {
  return Object.entries(steps).flatMap(([name, step]) => {
    const kind = findStepKind(step.uses);
    return kind ? checkStep(name, step, kind, isOpen) : [];
  });
}

function checkStep(name: string, step: RecipeStep, kind: StepKind, isOpen: (value: unknown) => boolean): StepProblem[] {
  const problems: StepProblem[] = [];
  const add = (code: string, message: string, key?: string): void => void problems.push({ step: name, code, message, ...(key === undefined ? {} : { key }) });
  const config: Record<string, Json> = step.with;
  for (const [key, expected] of Object.entries(kind.references)) {
    for (const text of referencesIn(config[key])) {
      if (text === null && Array.isArray(config[key])) continue; // what there is none of, in its place; the schema says whether there may be none
      if (typeof text !== 'string') add('reference-invalid', `expected a reference to ${withArticle(expected)} (${referenceForms(expected)}); got ${JSON.stringify(text).slice(0, 100)}`, key);
      else if (expressionsIn(text).length === 0 && !parseReference(text)) add('reference-invalid', `expected a reference to ${withArticle(expected)} (${referenceForms(expected)}); got "${text}"`, key);
    }
  }
  for (const [key, instead] of Object.entries(reservedKeys[kind.name] ?? {})) {
    if (key in config) add('key-reserved', `expected no \`${key}\`, which the registry sets itself; give ${instead}`, key);
  }
  if (problems.length > 0) return problems;
  const sample = withSampleReferences(config, kind);
  const parsed = kind.spec.safeParse(sample);
  for (const issue of parsed.error?.issues ?? []) {
    if (issue.code === 'invalid_type' || !isOpen(issueValue(issue, sample))) add('step-invalid', issueMessage(issue, sample), issue.path.join('.') || undefined);
  }
  if (kind.name === 'gate' && typeof config['require'] === 'string' && !isOpen(config['require'])) {
    try {
      parseGateCondition(config['require']);
    } catch (error) {
      const { code, message } = jobErrorOf(error);
      add(code, message, 'require');
    }
    if (step.needs.length === 0) add('gate-without-needs', 'expected needs to name the steps whose metrics the condition compares; got none; add for example needs: [evaluate]');
  }
  return problems;
}

/** The values under a reference key: one, or a list of them. */
export function referencesIn(value: Json | undefined): Json[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** Puts `artifactOf(reference)` in the place of every reference of a step. */
export function mapReferences(config: Readonly<Record<string, Json>>, kind: StepKind, artifactOf: (reference: Json, expected: ArtifactKind, key: string) => Json): Record<string, Json> {
  return Object.fromEntries(Object.entries(config).map(([key, value]) => {
    const expected = kind.references[key];
    if (!expected) return [key, value];
    return [key, Array.isArray(value) ? value.map((item) => artifactOf(item, expected, key)) : artifactOf(value, expected, key)];
  }));
}

/** References become valid samples, so that the schema judges everything else. */
function withSampleReferences(config: Readonly<Record<string, Json>>, kind: StepKind): Record<string, Json> {
  return mapReferences(config, kind, (reference, expected) => reference === null ? null : ({ digest: `sha256:${'0'.repeat(64)}`, size: 0, mediaType: mediaTypes[expected] }));
}

function referenceForms(kind: ArtifactKind): string {
  return `name, name@alias, name:version, sha256:… with 8 digits or more, an absolute path${kind === 'model' ? ' or hf:ORG/NAME' : ''}`;
}
