/**
 * The server's settings, made of the editor's: only what the user has set is sent, as the editor's
 * defaults would hide what stands in `config.toml`. Which settings there are says package.json.
 */

import { PROTOCOL_VERSION } from '../protocol';

/** The settings that are the server's too, under the same names. */
export const SERVER_KEYS = [
  'model',
  'models',
  'review',
  'autoAccept',
  'applyTo',
  'commands.allow',
  'commands.deny',
  'commands.timeoutSeconds',
  'limits.maxTurns',
  'limits.maxCommands',
  'limits.maxStrikes',
  'limits.minCycles',
  'limits.maxCyclePeriod',
  'limits.maxEntryTokens',
  'limits.budgetCeiling',
  'limits.tokenDivisor',
  'limits.retentionDays',
  'limits.mapTokens',
  'limits.maxTokens',
  'limits.maxCost',
  'home',
  'database',
] as const;

/** Those whose default differs from the server's, or that the editor has to know: always sent. */
export const EDITOR_KEYS = ['codeLens', 'diagnostics'] as const;

/** The settings without which a server has to be started anew. */
export const RESTART_KEYS = [
  'server.path',
  'server.args',
  'server.env',
  'home',
  'database',
] as const;

export interface Settings {
  /** The value in effect, the default where the user has set none. */
  get(key: string): unknown;
  isSet(key: string): boolean;
}

/** A key of a model in the editor's secret storage, by the model's alias. */
export interface StoredKey {
  readonly actual: string;
  readonly apiKey: string;
}

export type Options = { [key: string]: unknown };

/** What `workspace/configuration` is answered with. */
export function serverSettings(settings: Settings, keys: ReadonlyMap<string, StoredKey>): Options {
  // The user is asked here; commands run where the files are, whatever config.toml says for other editors.
  const options: Options = { ui: 'client', commands: { executor: 'server' } };
  for (const key of EDITOR_KEYS) {
    put(options, key, settings.get(key));
  }
  for (const key of SERVER_KEYS) {
    const value = settings.get(key);
    // An empty text and null stand for "not set" in the editor's settings.
    if (settings.isSet(key) && value !== '' && value !== null && value !== undefined) {
      put(options, key, value);
    }
  }
  if (keys.size > 0) {
    options['models'] = withKeys((options['models'] ?? {}) as Models, keys);
  }
  return options;
}

/** The settings that a server is started with. */
export function initializationOptions(
  settings: Settings,
  keys: ReadonlyMap<string, StoredKey>,
): Options {
  return { ...serverSettings(settings, keys), clientVersion: PROTOCOL_VERSION };
}

type Models = { readonly [alias: string]: { readonly actual?: string } };

/** The models with their stored keys. A model that is not in the settings is named by what it was. */
function withKeys(models: Models, keys: ReadonlyMap<string, StoredKey>): Models {
  const keyed: { [alias: string]: { actual?: string; apiKey?: string } } = { ...models };
  for (const [alias, { actual, apiKey }] of keys) {
    keyed[alias] = { actual, ...models[alias], apiKey };
  }
  return keyed;
}

/** Puts `value` below `key`, in which a dot leads into a table. */
function put(options: Options, key: string, value: unknown): void {
  const [table, name] = key.split('.', 2);
  if (name === undefined) {
    options[key] = value;
  } else {
    options[table as string] = {
      ...(options[table as string] as Options | undefined),
      [name]: value,
    };
  }
}
