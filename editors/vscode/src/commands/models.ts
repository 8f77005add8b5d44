/**
 * Models and their keys: which one runs use, and what opens its provider.
 */

import * as vscode from 'vscode';
import type { ModelRow } from '../protocol';
import type { Rummy } from '../rummy';
import type { Keys } from '../server/keys';
import { SECTION, setting } from '../server/settings';
import { aliasIn } from '../views/nodes';
import { choose } from './pick';
import type { Command } from './register';

/** The providers that take a key. */
const PROVIDERS = ['openai', 'anthropic', 'openrouter', 'xai'];

interface ModelItem extends vscode.QuickPickItem {
  /** None: another model is wanted. */
  readonly model: ModelRow | undefined;
}

export class Models {
  constructor(
    private readonly rummy: Rummy,
    private readonly keys: Keys,
  ) {}

  readonly commands: Readonly<Record<string, Command>> = {
    switchModel: (argument) => this.switchModel(aliasIn(argument)),
    setApiKey: () => this.setApiKey(),
    removeApiKey: () => this.removeApiKey(),
  };

  /** Of a run, for its loops to come; else of all runs that name none. */
  private async switchModel(run: string | undefined): Promise<void> {
    const placeHolder =
      run === undefined
        ? 'The model of runs that name none'
        : `The model of ${run}, from its next loop on`;
    const model = await this.pick(placeHolder);
    if (!model) {
      return;
    }
    if (run !== undefined) {
      await this.rummy.request('config', { run, model: model.alias });
      await this.rummy.refresh();
      return;
    }
    await update('model', model.alias);
  }

  private async setApiKey(): Promise<void> {
    const model = await this.pick('The model whose key is to be set', takesKey);
    if (!model) {
      return;
    }
    const apiKey = await vscode.window.showInputBox({
      title: `Rummy: API Key for ${model.alias}`,
      placeHolder: "Kept in VS Code's secret storage, and given only to the server",
      password: true,
      ignoreFocusOut: true,
    });
    if (apiKey?.trim()) {
      await this.keys.put(model.alias, { actual: model.actual, apiKey: apiKey.trim() });
    }
  }

  private async removeApiKey(): Promise<void> {
    await this.keys.load();
    const items = [...this.keys.all()].map(([label, { actual }]) => ({
      label,
      description: actual,
    }));
    if (items.length === 0) {
      throw new Error("No key is in VS Code's secret storage.");
    }
    const placeHolder = 'The model whose key is to be removed';
    const picked = await choose(items, placeHolder);
    if (picked) {
      await this.keys.remove(picked.label);
    }
  }

  private async pick(
    placeHolder: string,
    fits: (model: ModelRow) => boolean = () => true,
  ): Promise<ModelRow | undefined> {
    const models = (await this.rummy.request('getModels', {})).filter(fits);
    const current = setting<string | undefined>('model');
    const items: ModelItem[] = models.map((model) => ({
      label: model.alias === current ? `$(check) ${model.alias}` : model.alias,
      description: describe(model),
      model,
    }));
    items.push({ label: '$(add) Another Model…', alwaysShow: true, model: undefined });
    const picked = await choose(items, placeHolder);
    return picked && (picked.model ?? this.add());
  }

  /** Names a model in the settings. */
  private async add(): Promise<ModelRow | undefined> {
    const actual = await vscode.window.showInputBox({
      title: 'Rummy: Another Model',
      prompt: "The provider, then the model's name there",
      placeHolder: 'openai/gpt-5',
      ignoreFocusOut: true,
      validateInput: (text) =>
        /^(openai|anthropic|openrouter|xai|ollama|replay)\/.+/.test(text)
          ? undefined
          : `Begins with one of ${[...PROVIDERS, 'ollama', 'replay'].map((name) => `${name}/`).join(' ')}`,
    });
    if (actual === undefined) {
      return undefined;
    }
    const alias = await vscode.window.showInputBox({
      title: `Rummy: Alias of ${actual}`,
      value: suggestedAlias(actual),
      ignoreFocusOut: true,
      validateInput: (text) =>
        /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text)
          ? undefined
          : 'Letters, digits, ".", "_" and "-"; the first a letter or a digit',
    });
    if (alias === undefined) {
      return undefined;
    }
    await update('models', { ...setting<object>('models'), [alias]: { actual } });
    return { alias, actual, contextLength: null };
  }
}

function takesKey({ actual }: ModelRow): boolean {
  return PROVIDERS.some((provider) => actual.startsWith(`${provider}/`));
}

function describe({ actual, contextLength }: ModelRow): string {
  return contextLength === null
    ? actual
    : `${actual} · ${Math.round(contextLength / 1000)}k tokens`;
}

function suggestedAlias(actual: string): string {
  const name = actual.split('/').at(-1) ?? '';
  return name
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 64);
}

/** Changes a setting where it is set: in the workspace, if it is there, else for the user. */
async function update(key: string, value: unknown): Promise<void> {
  const configuration = vscode.workspace.getConfiguration(SECTION, null);
  const target =
    configuration.inspect(key)?.workspaceValue === undefined
      ? vscode.ConfigurationTarget.Global
      : vscode.ConfigurationTarget.Workspace;
  await configuration.update(key, value, target);
}
