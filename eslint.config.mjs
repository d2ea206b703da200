import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

/** Who may import whom: design, section 1. `tests/architecture` repeats this table from the project graph. */
const computeSide = ['layer:tensor', 'layer:nn', 'layer:bytes', 'layer:models', 'layer:pictures', 'layer:domain-1', 'layer:domain-2', 'layer:domain-3'];
const below = (layer) => computeSide.slice(0, computeSide.indexOf(layer) + 1);
const depConstraints = [
  { sourceTag: 'layer:contracts', onlyDependOnLibsWithTags: [] },
  { sourceTag: 'layer:platform', onlyDependOnLibsWithTags: ['layer:contracts'] },
  { sourceTag: 'layer:native', onlyDependOnLibsWithTags: [] },
  { sourceTag: 'layer:tensor', onlyDependOnLibsWithTags: ['layer:native'] },
  { sourceTag: 'layer:nn', onlyDependOnLibsWithTags: ['layer:tensor'] },
  { sourceTag: 'layer:pictures', onlyDependOnLibsWithTags: [] },
  ...['layer:bytes', 'layer:models', 'layer:domain-1', 'layer:domain-2', 'layer:domain-3'].map((layer) => ({ sourceTag: layer, onlyDependOnLibsWithTags: below(layer) })),
  { sourceTag: 'layer:cli', onlyDependOnLibsWithTags: ['layer:contracts'] },
  { sourceTag: 'layer:service', onlyDependOnLibsWithTags: ['layer:contracts', 'layer:platform', 'layer:models', 'layer:bytes', 'layer:domain-1', 'layer:domain-2', 'layer:domain-3'] },
  { sourceTag: 'layer:standalone', onlyDependOnLibsWithTags: ['layer:contracts', 'layer:platform', 'layer:service'] },
  { sourceTag: 'layer:tests', onlyDependOnLibsWithTags: ['*'] },
];

const outsideWorld = ['@nestjs/*', 'typeorm', '@nats-io/*', 'minio', '@opentelemetry/*', 'pg', 'better-sqlite3'];

export default [
  { ignores: ['**/dist/**', '**/node_modules/**', '.toolchain/**', '**/*.generated.ts', 'native/build/**', '**/fixtures/**'] },
  ...tseslint.configs.recommended,
  {
    plugins: { '@nx': nx },
    files: ['**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportAllDeclaration', message: 'List every export by name: `export *` hides what a room offers.' },
        { selector: 'TSAsExpression > TSAsExpression', message: 'A cast through a second type steps around the type system; narrow or parse instead.' },
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none' }],
      '@typescript-eslint/consistent-type-imports': 'off',
    },
  },
  {
    // Specs and tests/ may reach anything: they start real servers and tiny models.
    files: ['libs/*/src/**/*.ts', 'services/*/src/**/*.ts', 'native/ts/**/*.ts'],
    ignores: ['**/*.spec.ts', '**/testing/**'],
    rules: { '@nx/enforce-module-boundaries': ['error', { allow: [], depConstraints, enforceBuildableLibDependency: false, banTransitiveDependencies: false, allowCircularSelfDependency: true, ignoredCircularDependencies: [] }] },
  },
  {
    files: ['libs/{contracts,tensor,nn,models,checkpoints,tokenizers,pictures,datasets,generation,evaluation,merging,quantization,training,fusion,cli}/src/**/*.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [{ group: outsideWorld, message: 'Only services and libs/platform know the outside world (design, section 1).' }, { group: ['@tunesmith/*/*'], message: 'Import a room by its index.' }] }] },
  },
  {
    // Only worker.ts of a service may load domain code; the rest may import its types.
    files: ['services/*/src/**/*.ts'],
    ignores: ['services/*/src/worker.ts', '**/*.spec.ts'],
    rules: {
      'no-restricted-imports': 'off',
      '@typescript-eslint/no-restricted-imports': ['error', {
        patterns: [{ regex: '^@tunesmith/(models|checkpoints|tokenizers|pictures|datasets|generation|evaluation|merging|quantization|training|fusion)$', allowTypeImports: true, message: 'Only worker.ts imports domain code: nothing else may load libtorch.' }],
      }],
    },
  },
];
