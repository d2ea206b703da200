import { writeFileSync } from 'node:fs';

/**
 * A reporter of Vitest that writes, as JSON into the file that TUNESMITH_TEST_REPORT names, what runSteadily counts: each spec file with its tests. A file
 * has failed too by an error that nobody caught while it ran, whatever its tests say; errors of no file are counted.
 */
export default class SuiteReporter {
  onTestRunEnd(files, errors) {
    const broken = new Set(errors.map((error) => error.VITEST_TEST_PATH));
    const testResults = files.map((file) => ({
      name: file.moduleId,
      status: file.ok() && !broken.has(file.moduleId) ? 'passed' : 'failed',
      assertionResults: [...file.children.allTests()].map((test) => ({ fullName: test.fullName, status: test.result().state })),
    }));
    const strayErrors = errors.filter((error) => !files.some((file) => file.moduleId === error.VITEST_TEST_PATH)).length;
    writeFileSync(process.env.TUNESMITH_TEST_REPORT, JSON.stringify({ testResults, strayErrors }));
  }
}
