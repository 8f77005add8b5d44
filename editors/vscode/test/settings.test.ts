import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Settings, StoredKey } from '../src/model/settings';
import { initializationOptions, serverSettings } from '../src/model/settings';

const DEFAULTS: Record<string, unknown> = {
  codeLens: true,
  diagnostics: false,
  review: 'batch',
  models: {},
  'limits.maxTurns': 99,
};

function settings(set: Record<string, unknown>): Settings {
  return {
    get: (key) => (key in set ? set[key] : DEFAULTS[key]),
    isSet: (key) => key in set,
  };
}

const NO_KEYS: ReadonlyMap<string, StoredKey> = new Map();

test('only what the user has set is sent, beside what belongs to the editor', () => {
  assert.deepEqual(serverSettings(settings({}), NO_KEYS), {
    ui: 'client',
    commands: { executor: 'server' },
    codeLens: true,
    diagnostics: false,
  });
});

test('a setting with a dot goes into its table', () => {
  const set = settings({ 'limits.maxTurns': 5, 'limits.maxCost': 2, 'commands.allow': ['ls'] });
  assert.deepEqual(serverSettings(set, NO_KEYS), {
    ui: 'client',
    commands: { executor: 'server', allow: ['ls'] },
    codeLens: true,
    diagnostics: false,
    limits: { maxTurns: 5, maxCost: 2 },
  });
});

test('an empty text and null are not sent: they stand for a default', () => {
  const set = settings({ home: '', model: '', 'limits.maxCost': null, review: 'end' });
  assert.deepEqual(serverSettings(set, NO_KEYS), {
    ui: 'client',
    commands: { executor: 'server' },
    codeLens: true,
    diagnostics: false,
    review: 'end',
  });
});

test('a stored key joins the model of the settings, and names one that is not there', () => {
  const set = settings({ models: { gpt: { actual: 'openai/gpt', baseUrl: 'http://x' } } });
  const keys = new Map([
    ['gpt', { actual: 'openai/old', apiKey: 'k1' }],
    ['opus', { actual: 'anthropic/opus', apiKey: 'k2' }],
  ]);
  assert.deepEqual(serverSettings(set, keys)['models'], {
    gpt: { actual: 'openai/gpt', baseUrl: 'http://x', apiKey: 'k1' },
    opus: { actual: 'anthropic/opus', apiKey: 'k2' },
  });
});

test('a server is started with the version of the protocol', () => {
  assert.equal(initializationOptions(settings({}), NO_KEYS)['clientVersion'], '2.0.0');
});
