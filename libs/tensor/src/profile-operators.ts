import { library } from './library.js';

/** What one operator took during a profile. */
export interface OperatorTime {
  /** As registered (`aten::mm`), or the name of a backward node. */
  readonly name: string;
  readonly calls: number;
  /** Processor time of all threads, without that of the operators it called. */
  readonly seconds: number;
}

/** Begins to sum the time of every operator, at about a microsecond a call. One profile at a time in a process: a second is a TensorError. */
export function startProfile(): void {
  library().startProfile();
}

/** Ends the profile: the operators that ran since `startProfile`, the longest first. Call both between steps, not within an operator. */
export function stopProfile(): OperatorTime[] {
  return library().stopProfile().toSorted((a, b) => b.seconds - a.seconds);
}
