// Bundles the extension into out/extension.js, and with --tests each test into out/test/. Whether the
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

const extension = {
  ...shared,
  entryPoints: ['src/extension.ts'],
  outfile: 'out/extension.js',
  // The host provides it.
  external: ['vscode'],
  minify: true,
  sourcemap: true,
  sourcesContent: false,
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

if (process.argv.includes('--watch')) {
  await (await context(extension)).watch();
  await (await context(panel)).watch();
} else if (process.argv.includes('--tests')) {
  await build(tests);
} else {
  await build(extension);
  await build(panel);
}
