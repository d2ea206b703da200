/** Specs stand beside the code; TypeScript goes through swc as in production. Suites are chosen by tools/test.mjs. */
export default {
  testEnvironment: 'node',
  transform: { '^.+\\.ts$': ['@swc/jest'] },
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^@tunesmith/(registry|synthesis|trainer|merger|evaluator|quantizer|standalone)-service$': '<rootDir>/services/$1/src/index.ts',
    '^@tunesmith/tests-support$': '<rootDir>/tests/support/src/index.ts',
    '^@tunesmith/native$': '<rootDir>/native/ts/index.ts',
    '^@tunesmith/([a-z]+)$': '<rootDir>/libs/$1/src/index.ts',
    '^fast-check$': '<rootDir>/tests/support/seeded-fast-check.mjs',
  },
  setupFiles: ['<rootDir>/tests/support/collect-forgotten.mjs'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/.toolchain/'],
  modulePathIgnorePatterns: ['/dist/', '/.toolchain/'],
  // It only bounds a hang, as `eventually` does within it: no test is slow where the machine is.
  testTimeout: 600_000,
};
