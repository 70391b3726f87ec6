// Boundaries are lint rules, not manners: see ARCHITECTURE.md.

/** What each layer may import besides itself: the table of ARCHITECTURE.md. */
const layers = {
  text: [],
  addresses: ['text'],
  model: ['addresses', 'text'],
  policy: ['model', 'addresses', 'text'],
  diff: ['model', 'policy', 'text'],
  plan: ['model', 'policy', 'diff', 'text'],
  kernel: ['model', 'addresses'],
  disk: ['model', 'addresses'],
  desired: ['model', 'policy', 'kernel', 'disk', 'addresses', 'text'],
  observe: ['model', 'kernel'],
  journal: ['model', 'kernel', 'disk', 'addresses', 'text'],
  source: ['model', 'kernel', 'disk', 'journal', 'text'],
  prove: ['model', 'policy', 'kernel', 'disk', 'addresses'],
  verify: ['model', 'diff'],
  apply: ['model', 'kernel', 'journal', 'prove', 'verify'],
  probe: ['model', 'policy', 'kernel'],
  trial: ['model', 'kernel', 'disk', 'journal', 'apply', 'probe', 'text'],
  reach: ['model', 'policy', 'kernel', 'prove', 'addresses'],
  pass: [
    ...['model', 'policy', 'diff', 'plan', 'kernel', 'disk', 'desired', 'observe', 'journal', 'source'],
    ...['prove', 'apply', 'trial', 'reach', 'addresses'],
  ],
  operate: [
    ...['model', 'policy', 'diff', 'plan', 'kernel', 'disk', 'desired', 'observe', 'journal', 'source'],
    ...['apply', 'trial', 'reach', 'pass', 'text'],
  ],
  inspect: [
    ...['model', 'policy', 'diff', 'plan', 'kernel', 'disk', 'desired', 'observe', 'journal', 'source'],
    ...['prove', 'pass', 'report', 'metrics', 'addresses'],
  ],
  doctor: [
    'model',
    'policy',
    'diff',
    'kernel',
    'disk',
    'desired',
    'observe',
    'journal',
    'source',
    'pass',
    'text',
  ],
  report: ['model'],
  metrics: ['model', 'journal', 'disk'],
  http: ['model'],
  page: ['model'],
  daemon: ['model', 'kernel', 'report', 'http', 'metrics', 'pass', 'operate', 'inspect', 'text'],
};

const pure = '^src/(text|addresses|model|policy|diff|plan)/';

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
      comment: 'text/ addresses/ model/ policy/ diff/ plan/ import nothing from Node and no package.',
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
      name: 'no-loose-files',
      comment: 'src/ holds main.ts, bundle.ts and folders; every folder has a row in `layers`, or is cli/.',
      severity: 'error',
      from: { path: `^src/(?!(main|bundle)\\.ts$|(cli|${Object.keys(layers).join('|')})/)` },
      to: {},
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
