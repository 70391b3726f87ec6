// Boundaries are lint rules, not manners: see ARCHITECTURE.md.

/** What each layer may import besides itself: the table of ARCHITECTURE.md. */
const layers = {
  model: [],
  policy: ['model'],
  diff: ['model', 'policy'],
  plan: ['model', 'policy', 'diff'],
  kernel: ['model'],
  disk: ['model'],
  desired: ['model', 'policy', 'kernel', 'disk'],
  observe: ['model', 'kernel'],
  prove: ['model', 'policy', 'kernel', 'disk'],
  verify: ['model', 'diff'],
  journal: ['model', 'kernel', 'disk'],
  source: ['model', 'kernel', 'disk', 'journal'],
  apply: ['model', 'kernel', 'journal', 'prove', 'verify'],
  probe: ['model', 'policy', 'kernel'],
  trial: ['model', 'kernel', 'journal', 'apply', 'probe'],
  status: ['model', 'policy', 'kernel', 'journal'],
  doctor: ['model', 'diff', 'kernel', 'disk', 'journal', 'source'],
  report: ['model'],
  metrics: ['model', 'journal', 'disk'],
  http: ['model'],
  page: ['model'],
  daemon: ['model', 'kernel', 'report'],
};

const pure = '^src/(model|policy|diff|plan)/';

module.exports = {
  forbidden: [
    ...Object.entries(layers).map(([layer, lower]) => ({
      name: `layer-${layer}`,
      severity: 'error',
      from: { path: `^src/${layer}/` },
      to: { path: '^src/', pathNot: `^src/(${[layer, ...lower].join('|')})/` },
    })),
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'core-is-pure',
      comment: 'model/ policy/ diff/ plan/ import nothing from Node and no package.',
      severity: 'error',
      from: { path: pure },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'kernel-is-the-only-door',
      comment: 'Processes and foreign functions are reached through kernel/ alone.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/kernel/' },
      to: { path: 'node_modules/(koffi|execa)/|^(node:)?child_process$' },
    },
    {
      name: 'who-opens-a-host-ends-what-is-overdue',
      comment: 'What it has ended must be told, and only opening a host sees to that.',
      severity: 'error',
      from: { path: '^src/', pathNot: '/open-host\\.ts$' },
      to: { path: '/trial/overdue\\.ts$' },
    },
    {
      name: 'commands-are-leaves',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(cli/|main\\.ts|bundle\\.ts)' },
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
