/**
 * API keys in VS Code's secret storage, by the alias of their model. They leave it only for the server,
 * in its settings.
 */

import * as vscode from 'vscode';
import type { StoredKey } from '../model/settings';

/** One secret holds all: secrets cannot be listed in older versions of VS Code. */
const SECRET = 'rummy.apiKeys';

export class Keys implements vscode.Disposable {
  private kept = new Map<string, StoredKey>();
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly subscription: vscode.Disposable;

  /** Fires also for what another window has stored. */
  readonly onDidChange = this.changed.event;

  constructor(private readonly secrets: vscode.SecretStorage) {
    this.subscription = secrets.onDidChange(async ({ key }) => {
      if (key === SECRET) {
        await this.load();
        this.changed.fire();
      }
    });
  }

  async load(): Promise<void> {
    const stored = await this.secrets.get(SECRET);
    const entries = stored === undefined ? {} : (JSON.parse(stored) as Record<string, StoredKey>);
    this.kept = new Map(Object.entries(entries));
  }

  /** As of the last `load`. */
  all(): ReadonlyMap<string, StoredKey> {
    return this.kept;
  }

  async put(alias: string, key: StoredKey): Promise<void> {
    await this.store(new Map(this.kept).set(alias, key));
  }

  async remove(alias: string): Promise<void> {
    const kept = new Map(this.kept);
    kept.delete(alias);
    await this.store(kept);
  }

  private async store(keys: ReadonlyMap<string, StoredKey>): Promise<void> {
    await this.secrets.store(SECRET, JSON.stringify(Object.fromEntries(keys)));
  }

  dispose(): void {
    this.subscription.dispose();
    this.changed.dispose();
  }
}
