import { z } from 'zod';
import { Name } from './ids.js';
import { findStepKind, stepKinds } from './steps/step-kinds.js';

/** One step. `with` is checked by the step kind's schema once its references are resolved. */
export const RecipeStep = z.strictObject({
  uses: z.string().describe(`One of ${stepKinds.map((kind) => kind.name).join(', ')}.`),
  needs: z.array(Name).default([]),
  with: z.record(z.string(), z.json()).default({}),
});
export type RecipeStep = z.infer<typeof RecipeStep>;

/** A recipe is data: what starts it, and steps that need one another. */
export const Recipe = z
  .strictObject({
    name: Name,
    description: z.string().optional(),
    on: z.strictObject({ 'dataset.registered': z.strictObject({ dataset: Name }).optional() }).default({}),
    steps: z.record(Name, RecipeStep).refine((steps) => Object.keys(steps).length > 0, 'expected at least one step'),
  })
  .check((context) => {
    const problems = recipeProblems(context.value.steps);
    for (const problem of problems) context.issues.push({ code: 'custom', input: context.value, path: problem.path, message: problem.message });
  });
export type Recipe = z.infer<typeof Recipe>;

/** What `${{ … }}` may hold: `event.dataset`, or `steps.NAME.OUTPUT`. */
export const expressionPattern = /\$\{\{\s*([^}]*?)\s*\}\}/g;

interface Problem { path: string[]; message: string }

function recipeProblems(steps: Record<string, RecipeStep>): Problem[] {
  const names = Object.keys(steps);
  const problems: Problem[] = [];
  for (const [name, step] of Object.entries(steps)) {
    const kind = findStepKind(step.uses);
    if (!kind) {
      problems.push({ path: ['steps', name, 'uses'], message: `expected one of ${stepKinds.map((each) => each.name).join(', ')}; got "${step.uses}"` });
    }
    for (const needed of step.needs) {
      if (!names.includes(needed)) {
        problems.push({ path: ['steps', name, 'needs'], message: `expected the name of a step (${names.join(', ')}); got "${needed}"` });
      }
    }
    const known = kind && 'shape' in kind.spec ? Object.keys(kind.spec.shape as object) : undefined;
    for (const key of Object.keys(step.with)) {
      if (known && !known.includes(key)) {
        problems.push({ path: ['steps', name, 'with', key], message: `unknown key "${key}"; ${step.uses} takes ${known.join(', ')}` });
      }
    }
    for (const [, expression] of JSON.stringify(step.with).matchAll(expressionPattern)) {
      const problem = expressionProblem(expression!, name, steps);
      if (problem) problems.push({ path: ['steps', name, 'with'], message: problem });
    }
    for (const [key, expected] of Object.entries(kind?.references ?? {})) {
      for (const value of [step.with[key]].flat()) {
        const made = typeof value === 'string' ? artifactKindOf(value, steps) : undefined;
        if (made && made !== expected) problems.push({ path: ['steps', name, 'with', key], message: `expected a ${expected}; "${String(value)}" is a ${made}` });
      }
    }
  }
  const cycle = findCycle(steps);
  if (cycle) problems.push({ path: ['steps', cycle[0]!, 'needs'], message: `expected steps without a cycle; got ${cycle.join(' -> ')}; remove one of these needs` });
  return problems;
}

function expressionProblem(expression: string, step: string, steps: Record<string, RecipeStep>): string | undefined {
  if (expression === 'event.dataset') return undefined;
  const match = /^steps\.(.+)\.([^.]+)$/.exec(expression);
  if (!match) return `expected event.dataset or steps.NAME.OUTPUT inside \${{ }}; got "${expression}"`;
  const [, source, output] = match;
  const sourceStep = steps[source!];
  if (!sourceStep) return `"\${{ ${expression} }}" names the step "${source}", which the recipe does not have`;
  if (!upstream(step, steps).has(source!)) return `"\${{ ${expression} }}" uses the step "${source}", but ${step} does not need it; add it to needs`;
  const outputs = Object.keys(findStepKind(sourceStep.uses)?.outputs ?? {});
  if (!outputs.includes(output!)) return `"\${{ ${expression} }}": ${sourceStep.uses} makes ${outputs.join(', ') || 'no artifact'}, not "${output}"`;
  return undefined;
}

/** What kind of artifact a value is that consists of one expression over a step's output. */
function artifactKindOf(value: string, steps: Record<string, RecipeStep>): string | undefined {
  const match = /^\$\{\{\s*steps\.(.+)\.([^.}\s]+)\s*\}\}$/.exec(value);
  return match ? findStepKind(steps[match[1]!]?.uses ?? '')?.outputs[match[2]!] : undefined;
}

/** All steps that must have ended before `step` starts. */
export function upstream(step: string, steps: Record<string, RecipeStep>): Set<string> {
  const seen = new Set<string>();
  const visit = (name: string): void => {
    for (const needed of steps[name]?.needs ?? []) {
      if (!seen.has(needed)) {
        seen.add(needed);
        visit(needed);
      }
    }
  };
  visit(step);
  return seen;
}

function findCycle(steps: Record<string, RecipeStep>): string[] | undefined {
  const finished = new Set<string>();
  const visit = (name: string, path: string[]): string[] | undefined => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
    if (finished.has(name)) return undefined;
    for (const needed of steps[name]?.needs ?? []) {
      const cycle = visit(needed, [...path, name]);
      if (cycle) return cycle;
    }
    finished.add(name);
    return undefined;
  };
  for (const name of Object.keys(steps)) {
    const cycle = visit(name, []);
    if (cycle) return cycle;
  }
  return undefined;
}
