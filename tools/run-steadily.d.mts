/** What `suite-report.mjs` writes. */
export interface SuiteReport {
  readonly testResults: readonly { readonly name: string; readonly status: string; readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[] }[];
}

/** Counts a suite by `run()`, and each spec file in which something failed once more by `run(file)`: what passes then is unsteady. */
export function runSteadily(run: (file?: string) => SuiteReport): { passed: number; failed: number; unsteady: { file: string; test: string }[] };
