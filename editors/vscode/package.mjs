// Packages the extension into out/rummy-lsp.vsix, or into `--out FILE`. With `--server FILE` the server's
// program goes into it, and it is for this platform only; without, the server is looked for where it is
// installed.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: 'out/rummy-lsp.vsix' },
    server: { type: 'string' },
  },
});

rmSync('server', { recursive: true, force: true });
const target = [];
if (values.server !== undefined) {
  mkdirSync('server');
  copyFileSync(values.server, 'server/rummy-lsp');
  chmodSync('server/rummy-lsp', 0o755);
  target.push('--target', `${process.platform}-${process.arch}`);
}
copyFileSync('../../LICENSE', 'LICENSE');

const { status } = spawnSync(
  'npx',
  [
    'vsce',
    'package',
    '--no-dependencies',
    '--allow-missing-repository',
    ...target,
    '--out',
    values.out,
  ],
  { stdio: 'inherit' },
);
process.exit(status ?? 1);
