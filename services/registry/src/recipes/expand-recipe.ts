import { Name, type Recipe, type RecipeStep, type RecipeTemplateStep } from '@tunesmith/contracts';
import { RefusedError } from '../errors.js';
import { stepOutput, substitute, type Json } from '../runs/expression.js';
import { matrixEntries } from './matrix-entries.js';
import type { InputValues } from './recipe-inputs.js';

/** More steps than anybody meant to write. */
const mostSteps = 500;

/** A step as it will run for one entry. */
interface Instance {
  readonly name: string;
  /** The entry's name; empty for a step that runs once. */
  readonly entry: string;
  readonly values: Readonly<Record<string, Json>>;
  /** Which instance it belongs to, of itself and of each step that it follows by `each`. */
  readonly related: ReadonlyMap<string, string>;
}

/**
 * The steps that a recipe means with these inputs: values in the place of `${{ inputs.… }}` and `${{ matrix.… }}`, and one step, NAME.ENTRY, for each entry of
 * a matrix. A step with `each: NAME` sees the outputs of its own entry; one without sees the list of all.
 *
 * @throws RefusedError `matrix-invalid`, `recipe-value`, `recipe-too-large`
 */
export function expandRecipe({ steps }: Pick<Recipe, 'steps'>, inputs: InputValues): Record<string, RecipeStep> {
  const expansion = new Expansion(steps, inputs);
  const expanded: [string, RecipeStep][] = Object.keys(steps).flatMap((name) => expansion.instancesOf(name).map((instance): [string, RecipeStep] => [instance.name, expansion.stepOf(name, instance)]));
  if (expanded.length > mostSteps) throw new RefusedError({ code: 'recipe-too-large', message: `recipe: expected at most ${mostSteps} steps; its matrices make ${expanded.length}`, facts: { steps: expanded.length } });
  return Object.fromEntries(expanded);
}

class Expansion {
  private readonly known = new Map<string, readonly Instance[]>();

  constructor(private readonly steps: Readonly<Record<string, RecipeTemplateStep>>, private readonly inputs: InputValues) {}

  instancesOf(name: string): readonly Instance[] {
    const known = this.known.get(name);
    if (known) return known;
    const step = this.steps[name]!;
    const parents: readonly Omit<Instance, 'name'>[] = step.each === undefined ? [{ entry: '', values: {}, related: new Map() }] : this.instancesOf(step.each);
    const own = step.matrix === undefined ? [{ name: '', values: {} }] : matrixEntries(name, this.fill(step.matrix, name, undefined));
    const instances = parents.flatMap((parent) =>
      own.map((entry): Instance => {
        const label = [parent.entry, entry.name].filter(Boolean).join('-');
        const instanceName = label === '' ? name : `${name}.${label}`;
        if (!Name.safeParse(instanceName).success) throw new RefusedError({ code: 'matrix-invalid', message: `${name}.matrix: expected entries whose names make names of steps of at most 64 letters; got "${instanceName}"; shorten them`, facts: { step: name } });
        return { name: instanceName, entry: label, values: { ...parent.values, ...entry.values }, related: new Map([...parent.related, [name, instanceName]]) };
      }),
    );
    this.known.set(name, instances);
    return instances;
  }

  stepOf(name: string, instance: Instance): RecipeStep {
    const step = this.steps[name]!;
    const needs = [...step.needs, ...(step.each === undefined ? [] : [step.each])].flatMap((needed) => this.seenFrom(instance, needed).map((each) => each.name));
    return { uses: step.uses, ...(step.mayFail && { mayFail: true }), needs: [...new Set(needs)], with: this.fill(step.with, name, instance) as Record<string, Json> };
  }

  /** Those instances of a step that agree with this one on every step that both follow. */
  private seenFrom(instance: Instance, step: string): readonly Instance[] {
    return this.instancesOf(step).filter((other) => [...other.related].every(([shared, name]) => (instance.related.get(shared) ?? name) === name));
  }

  /** Whether a step has several instances as seen from this one: it follows a matrix that this one does not. */
  private isMany(instance: Instance, step: string): boolean {
    for (let name: string | undefined = step; name !== undefined; name = this.steps[name]?.each) {
      if (this.steps[name]?.matrix !== undefined && !instance.related.has(name)) return true;
    }
    return false;
  }

  private fill(value: Json, step: string, instance: Instance | undefined): Json {
    return substitute(value, (expression) => {
      const [scope, ...path] = expression.split('.');
      if (scope === 'inputs') return valueAt(this.inputs, path, `${step}: \${{ ${expression} }}`);
      if (!instance) return undefined;
      if (scope === 'matrix') return valueAt(instance.values, path, `${step}: \${{ ${expression} }}`);
      if (scope === 'entries') return this.seenFrom(instance, expression.slice('entries.'.length)).map(({ entry }) => entry);
      const made = stepOutput(expression);
      if (!made || !(made.step in this.steps)) return undefined;
      const outputs = this.seenFrom(instance, made.step).map(({ name }) => `\${{ steps.${name}.${made.output} }}`);
      return this.isMany(instance, made.step) ? outputs : outputs[0];
    });
  }
}

function valueAt(values: Readonly<Record<string, Json>>, path: readonly string[], what: string): Json {
  return path.reduce<Json>((current, key) => {
    if (typeof current === 'object' && current !== null && !Array.isArray(current) && Object.hasOwn(current, key)) return current[key]!;
    const known = typeof current === 'object' && current !== null && !Array.isArray(current) ? Object.keys(current).join(', ') : JSON.stringify(current);
    throw new RefusedError({ code: 'recipe-value', message: `${what}: expected "${key}" among ${known || 'nothing'}`, facts: { key } });
  }, { ...values });
}
