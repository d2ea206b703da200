import type { z } from 'zod';
import type { ArtifactKind } from '../artifact-ref.js';
import type { JobEvents } from '../events/job-events.js';
import type { ServiceName } from '../events/event.js';

/**
 * What a recipe step may `use`, as data. A *job* kind goes to a service by its request event; the registry decides the
 * other kinds (gate, promote) itself.
 *
 * A recipe writes references (`smollm2@prod`, a digest, a path); the registry resolves every key listed in
 * `references` to an `ArtifactRef` and only then checks the `spec` schema, so a service never sees a name.
 */
export interface StepKind<Spec extends z.ZodType = z.ZodType> {
  /** The word after `uses:`. */
  readonly name: string;
  readonly description: string;
  readonly owner: ServiceName;
  /** Schema of `with` after references are resolved. */
  readonly spec: Spec;
  /** Which keys of `with` hold references, and to what. */
  readonly references: Readonly<Record<string, ArtifactKind>>;
  /** Named artifacts that the step makes: `${{ steps.NAME.OUTPUT }}`. */
  readonly outputs: Readonly<Record<string, ArtifactKind>>;
  /** Absent where the registry decides the step itself. */
  readonly events?: JobEvents<Spec>;
  /** Whether the same inputs give the same result, so that a finished step is not run again. */
  readonly cacheable: boolean;
  /** Raised when a change of the owner's code makes other results of the same inputs: what is stored of this kind is made once more. Default 0. */
  readonly revision?: number;
}

export function defineStepKind<Spec extends z.ZodType>(kind: StepKind<Spec>): StepKind<Spec> {
  return Object.freeze(kind);
}
