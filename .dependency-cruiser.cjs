/**
 * The floors of the house. A floor imports the ones below it, never above; doors do not import each other;
 * the sample and the testing kit use public entry points only.
 */
const src = '^libs/authentik/src';
const floors = [
  { name: 'F0', rooms: ['protocol', 'errors'], files: ['authentik\\.constants\\.ts'] },
  { name: 'F1', rooms: ['options', 'http', 'stores', 'observability'], files: [] },
  { name: 'F2', rooms: ['discovery', 'tokens', 'rules', 'protected-resource', 'admin'], files: [] },
  {
    name: 'F3',
    rooms: ['bearer', 'session', 'access', 'well-known', 'registration', 'authorization-server', 'mcp', 'health'],
    files: [],
  },
  {
    name: 'F4',
    rooms: [],
    files: [
      'index\\.ts',
      'authentik\\.module\\.ts',
      'authentik\\.module-definition\\.ts',
      'authentik-exception\\.filter\\.ts',
    ],
  },
];
const pathOf = (floor) => [
  ...floor.rooms.map((room) => `${src}/${room}/`),
  ...floor.files.map((file) => `${src}/${file}$`),
];
const doors = floors[3].rooms;

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    ...floors.slice(0, -1).map((floor, index) => ({
      name: `${floor.name}-imports-nothing-above`,
      severity: 'error',
      from: { path: pathOf(floor), pathNot: '\\.spec\\.ts$' },
      to: { path: floors.slice(index + 1).flatMap(pathOf) },
    })),
    ...doors.map((door) => ({
      name: `door-${door}-imports-no-other-door`,
      severity: 'error',
      comment: 'What two doors share moves to F0 (a decision) or F2 (a service).',
      from: { path: `${src}/${door}/`, pathNot: '\\.spec\\.ts$' },
      to: { path: doors.filter((other) => other !== door).map((other) => `${src}/${other}/`) },
    })),
    {
      name: 'every-file-stands-on-a-floor',
      comment: 'A new room is named in this file before it is built.',
      severity: 'error',
      from: { path: `${src}/` },
      to: { path: `${src}/`, pathNot: floors.flatMap(pathOf) },
    },
    {
      name: 'optional-peers-stay-in-their-room',
      severity: 'error',
      from: { path: `${src}/`, pathNot: `${src}/mcp/` },
      to: { path: ['@rekog/mcp-nest', '@modelcontextprotocol/', '@nestjs/microservices'] },
    },
    {
      name: 'redis-stays-in-its-room',
      severity: 'error',
      from: { path: `${src}/`, pathNot: `${src}/stores/` },
      to: { path: 'node_modules/@?redis/' },
    },
    {
      name: 'what-only-sessions-need-stays-with-them',
      severity: 'error',
      from: { path: `${src}/`, pathNot: `${src}/session/` },
      to: { path: ['node_modules/(@types/)?express-session/', 'node_modules/@nestjs/throttler/'] },
    },
    {
      name: 'public-entry-points-only',
      severity: 'error',
      from: { path: '^(apps|libs/authentik-testing)/' },
      to: {
        path: '^libs/authentik/src/',
        pathNot: ['^libs/authentik/src/index\\.ts$', '^libs/authentik/src/mcp/index\\.ts$'],
      },
    },
    {
      name: 'production-never-imports-the-embedded-authentik',
      severity: 'error',
      from: { path: '^(libs/authentik|apps/[^/]+/src)/', pathNot: '\\.spec\\.ts$' },
      to: { path: '(^libs/authentik-testing/|nestjs-authentik-testing)' },
    },
    {
      name: 'no-test-code-in-production',
      severity: 'error',
      from: { path: '^(libs|apps)/', pathNot: '\\.spec\\.ts$' },
      to: { path: ['^test/', '\\.spec\\.ts$'] },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|node_modules/\\.cache)/' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'default', 'types'] },
  },
};
