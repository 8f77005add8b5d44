import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import manifest from '../package.json';
import texts from '../package.nls.json';
import { EDITOR_KEYS, RESTART_KEYS, SERVER_KEYS } from '../src/model/settings';

const { contributes } = manifest;
const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(`src/${file}`, 'utf8'))
  .join('\n');
const declared = contributes.commands.map(({ command }) => command);
const settings = contributes.configuration.flatMap(({ properties }) =>
  Object.keys(properties).map((key) => key.replace(/^rummy\./, '')),
);

test('every text of the manifest exists, and none is left over', () => {
  const used = new Set(
    [...JSON.stringify(manifest).matchAll(/"%([^%"]+)%"/g)].map(([, key]) => key as string),
  );
  assert.deepEqual([...used].sort(), Object.keys(texts).sort());
});

test('no command has a name of the server, whose commands are registered as well', () => {
  const names = declared.filter((command) => !command.startsWith('rummy.ui.'));
  assert.deepEqual(names, []);
});

test('every command that is declared is made, and every one that a menu names is declared', () => {
  const made = declared.filter((command) => {
    const name = command.replace('rummy.ui.', '');
    return new RegExp(`\\b${name}: \\(|\\b${name}: async \\(|'${command}'`).test(sources);
  });
  assert.deepEqual(made, declared);
  const named = [...Object.values(contributes.menus).flat(), ...contributes.keybindings].flatMap(
    (item) => ('command' in item ? [item.command] : []),
  );
  assert.deepEqual(
    named.filter((command) => !declared.includes(command)),
    [],
  );
});

test('every setting is sent to the server or read here', () => {
  const known = new Set<string>([...SERVER_KEYS, ...EDITOR_KEYS, ...RESTART_KEYS]);
  const unread = settings.filter(
    (key) => !known.has(key) && !sources.includes(`'${key}'`) && key !== 'trace.server',
  );
  assert.deepEqual(unread, []);
  assert.deepEqual(
    [...known].filter((key) => !settings.includes(key)),
    [],
  );
});

test('every key of the server is a setting, but for those that are not for the user to set', () => {
  const keys = [
    ...readFileSync('../../src/config/keys.rs', 'utf8').matchAll(
      /(?:name: |key!\(\s*)"([A-Za-z.]+)"/g,
    ),
  ].map(([, key]) => key as string);
  const left = keys.filter((key) => !settings.includes(key));
  assert.deepEqual(left, ['commands.executor', 'ui', 'actionEdits']);
});

test('what a workspace could abuse is not taken from one that is not trusted', () => {
  const { restrictedConfigurations } = manifest.capabilities.untrustedWorkspaces;
  const dangerous = ['server.path', 'server.args', 'server.env', 'home', 'database', 'models'];
  const expected = [...dangerous, 'autoAccept', 'commands.allow'].map((key) => `rummy.${key}`);
  assert.deepEqual([...restrictedConfigurations].sort(), expected.sort());
});

test('no notification is shown but by `notify`, which takes the links out', () => {
  const shown = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
    (file) =>
      file.endsWith('.ts') &&
      /show(Information|Error)Message\(/.test(readFileSync(`src/${file}`, 'utf8')),
  );
  assert.deepEqual(shown, ['notify.ts']);
});
