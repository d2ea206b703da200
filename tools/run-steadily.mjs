/** Stands for a file that could not be loaded, or broke outside its tests: it has no test to name. */
const wholeFile = 'the file itself';

/**
 * Runs a suite, and each spec file in which something failed once more, alone. `run()` runs the suite, `run(file)` one file; both return what
 * `suite-report.mjs` writes. What fails and then passes is unsteady and counts as passed; what fails twice has failed.
 */
export function runSteadily(run) {
  const counts = { passed: 0, failed: 0, unsteady: [] };
  for (const [file, first] of outcomesOf(run())) {
    const failures = [...first].filter(([, passes]) => !passes).map(([test]) => test);
    const again = (failures.length > 0 && outcomesOf(run(file)).get(file)) || new Map();
    for (const test of new Set([...first.keys(), ...again.keys()])) {
      const passes = (first.get(test) || again.get(test)) ?? (test === wholeFile && again.size > 0);
      if (passes && failures.includes(test)) counts.unsteady.push({ file, test });
      if (passes && test === wholeFile) continue;
      counts[passes ? 'passed' : 'failed'] += 1;
    }
  }
  return counts;
}

/** Whether each test passed, by file and full name; of tests with one name the second is `NAME (2)`, and skipped tests have no outcome. */
function outcomesOf({ testResults }) {
  return new Map(testResults.map(({ name: file, status, assertionResults }) => {
    const outcomes = new Map();
    const seen = new Map();
    for (const { fullName, status: outcome } of assertionResults.filter((test) => ['passed', 'failed'].includes(test.status))) {
      const count = (seen.get(fullName) ?? 0) + 1;
      seen.set(fullName, count);
      outcomes.set(count === 1 ? fullName : `${fullName} (${count})`, outcome === 'passed');
    }
    if (status === 'failed' && ![...outcomes.values()].includes(false)) outcomes.set(wholeFile, false);
    return [file, outcomes];
  }));
}
