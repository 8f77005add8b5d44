// Bundles the extension into out/, and with --tests each test into out/test/. Whether the
// types are right is for `npm run check`: esbuild drops them without a look.
import { readdirSync } from 'node:fs';
import { build, context } from 'esbuild';

const shared = {
  bundle: true,
  format: 'cjs',
  logLevel: 'warning',
  platform: 'node',
  target: 'node20',
};

// Each file that imports the host's `vscode` would copy its hundreds of members at the start, which took
// most of it. Here one module does it for all.
const vscode = {
  name: 'vscode',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^vscode$/ }, ({ kind, namespace }) =>
      kind === 'import-statement' && namespace === 'file'
        ? { path: 'vscode', namespace: 'vscode' }
        : { path: 'vscode', external: true },
    );
    onLoad({ filter: /^/, namespace: 'vscode' }, () => ({ contents: "export * from 'vscode'" }));
  },
};

const host = {
  ...shared,
  plugins: [vscode],
  minify: true,
  sourcemap: true,
  sourcesContent: false,
};

const extension = {
  ...host,
  entryPoints: ['src/extension.ts'],
  outfile: 'out/extension.js',
  external: ['./client'],
  // Required, then: an import would not be led to the host's `vscode` everywhere.
  supported: { 'dynamic-import': false },
};

// Six times the rest, and activation does not wait for it: it is a file of its own.
const client = {
  ...host,
  entryPoints: ['src/server/client.ts'],
  outfile: 'out/client.js',
};

// The run panel's page.
const panel = {
  ...shared,
  entryPoints: ['src/panel/view/main.ts'],
  outfile: 'out/panel.js',
  format: 'iife',
  platform: 'browser',
  target: 'chrome120',
  minify: true,
};

const tests = {
  ...shared,
  entryPoints: readdirSync('test', { recursive: true })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => `test/${file}`),
  outbase: 'test',
  outdir: 'out/test',
  // `--enable-source-maps` leads a failure back to the line of the source.
  sourcemap: 'inline',
};

const bundles = [extension, client, panel];

if (process.argv.includes('--watch')) {
  await Promise.all(bundles.map(async (bundle) => (await context(bundle)).watch()));
} else if (process.argv.includes('--tests')) {
  await build(tests);
} else {
  await Promise.all(bundles.map((bundle) => build(bundle)));
}
