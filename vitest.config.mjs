import { fileURLToPath } from 'node:url';
import swc from 'unplugin-swc';
import { defineConfig } from 'vitest/config';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Which specs are in which suite: tools/test.mjs says the suite, and a spec that is run by hand is looked for in all of them. */
const suites = { quick: '!(*.cluster|*.peers).spec.ts', cluster: '*.cluster.spec.ts', peers: '*.peers.spec.ts' };

/** Specs stand beside the code; TypeScript goes through swc as in production. */
export default defineConfig({
  plugins: [swc.vite()],
  resolve: {
    alias: [
      { find: /^@tunesmith\/(registry|synthesis|trainer|merger|evaluator|quantizer|standalone)-service$/, replacement: at('services/$1/src/index.ts') },
      { find: '@tunesmith/tests-support', replacement: at('tests/support/src/index.ts') },
      { find: '@tunesmith/native', replacement: at('native/ts/index.ts') },
      { find: /^@tunesmith\/([a-z]+)$/, replacement: at('libs/$1/src/index.ts') },
      { find: 'fast-check', replacement: at('tests/support/seeded-fast-check.mjs') },
    ],
  },
  test: {
    globals: true,
    include: [`{libs,services,native,tests}/**/${suites[process.env.TUNESMITH_TEST_SUITE] ?? '*.spec.ts'}`],
    exclude: ['**/node_modules/**', '**/dist/**'],
    // All specs of a process share its modules, as they share its environment: to load the modules again for each file takes longer than most files do. So a spec
    // puts back what it changes of them.
    pool: 'forks',
    isolate: false,
    setupFiles: [at('tests/support/collect-forgotten.mjs')],
    // They only bound a hang, as `eventually` does within them: no test is slow where the machine is.
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
