import type { Problem } from '@tunesmith/contracts';
import { CommandError } from '../errors.js';

/** The platform understood the request and refused it; the message is the platform's own. */
export class ProblemError extends CommandError {
  readonly status: number;

  constructor(problem: Problem) {
    super({ message: problem.detail || problem.title, code: problem.code, facts: problem.facts });
    this.status = problem.status;
  }
}
