// Boundaries are lint rules, not manners: see ARCHITECTURE.md.
const pure = '^src/(model|diff|plan|policy)/';
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'core-is-pure',
      comment: 'model/ policy/ diff/ plan/ import nothing from Node and no package.',
      severity: 'error',
      from: { path: pure },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'core-imports-core',
      severity: 'error',
      from: { path: pure },
      to: { path: '^src/', pathNot: pure },
    },
    {
      name: 'kernel-is-the-only-door',
      comment: 'Processes and foreign functions are reached through kernel/ alone.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/kernel/' },
      to: { path: 'node_modules/(koffi|execa)/|^(node:)?child_process$' },
    },
    {
      name: 'kernel-knows-no-product',
      comment: 'kernel/ serves the layers above and imports only nouns.',
      severity: 'error',
      from: { path: '^src/kernel/' },
      to: { path: '^src/', pathNot: '^src/(kernel|model)/' },
    },
    {
      name: 'report-only-renders',
      severity: 'error',
      from: { path: '^src/report/' },
      to: { path: '^src/(apply|kernel|observe|journal|desired)/' },
    },
    {
      name: 'commands-are-leaves',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(cli/|main\\.ts)' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'runtime-dependencies-only',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    { name: 'no-orphans', severity: 'error', from: { orphan: true, path: '^src/' }, to: {} },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
