import tseslint from 'typescript-eslint';

const notInNode20 = 'Node 20 does not have it, and VS Code 1.100 runs on that.';

export default tseslint.config(
  { ignores: ['node_modules', 'dist', '.vscode-test', '**/.venv', 'examples/*/build', 'test/fixtures', '**/*.d.ts'] },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      // A default that ends in `satisfies never` is checked by the compiler.
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // A member of an interface that is a function in a property is what our seams are made of.
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // tsc's noPropertyAccessFromIndexSignature asks for the opposite.
      '@typescript-eslint/dot-notation': 'off',
      'no-restricted-syntax': ['error', { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    // VS Code 1.100 runs the extension on Node 20, and the types are of a newer one. The language's own part is `lib` in tsconfig.json.
    files: ['src/**/*.ts'],
    rules: {
      'no-restricted-imports': ['error', {
        paths: [
          { name: 'node:fs', importNames: ['glob', 'globSync', 'mkdtempDisposableSync', 'Utf8Stream'], message: notInNode20 },
          { name: 'node:fs/promises', importNames: ['glob', 'mkdtempDisposable'], message: notInNode20 },
          { name: 'node:module', importNames: ['enableCompileCache', 'findPackageJSON', 'flushCompileCache', 'getCompileCacheDir', 'registerHooks', 'stripTypeScriptTypes'], message: notInNode20 },
          { name: 'node:path', importNames: ['matchesGlob'], message: notInNode20 },
          { name: 'node:util', importNames: ['diff', 'getCallSites', 'setTraceSigInt'], message: notInNode20 },
          { name: 'node:crypto', importNames: ['argon2', 'argon2Sync', 'decapsulate', 'encapsulate'], message: notInNode20 },
          ...['node:sqlite', 'node:quic'].map((name) => ({ name, message: notInNode20 })),
        ],
        patterns: [{ group: ['node:zlib'], importNamePattern: '[Zz]std', message: notInNode20 }],
      }],
      'no-restricted-properties': ['error', { object: 'path', property: 'matchesGlob', message: notInNode20 }, { object: 'process', property: 'execve', message: notInNode20 }, { object: 'process', property: 'threadCpuUsage', message: notInNode20 }],
    },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      // node:test's describe and it return promises that the runner awaits.
      '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafeCalls: [{ from: 'package', name: ['describe', 'it', 'test', 'suite', 'before', 'after', 'beforeEach', 'afterEach'], package: 'node:test' }] }],
      'no-console': 'off',
    },
  },
  { files: ['**/*.mjs'], languageOptions: { sourceType: 'module' }, rules: { eqeqeq: 'error' } },
);
