/**
 * What stands at files and lenses because of what is pending: the mark of a file in the explorer and in
 * tabs, and code lenses that are asked for again when the proposals change.
 */

import * as vscode from 'vscode';
import { Throttle } from '../model/throttle';
import type { Rummy } from '../rummy';

const INTERVAL_MS = 200;

/** Marks the files for which something is pending. */
export class FileMarks implements vscode.FileDecorationProvider, vscode.Disposable {
  private marked = new Map<string, number>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri[]>();
  private readonly throttle = new Throttle(INTERVAL_MS, () => this.flush());
  private readonly disposables: vscode.Disposable[];

  readonly onDidChangeFileDecorations = this.changed.event;

  constructor(private readonly rummy: Rummy) {
    const call = (): void => this.throttle.call();
    this.disposables = [
      this.changed,
      vscode.window.registerFileDecorationProvider(this),
      rummy.onDidChangeProposals(call),
      rummy.onDidRemoveRun(call),
    ];
  }

  private flush(): void {
    const before = this.marked;
    this.marked = new Map();
    for (const { uri } of this.rummy.proposals()) {
      if (uri !== null) {
        const key = vscode.Uri.parse(uri).toString();
        this.marked.set(key, (this.marked.get(key) ?? 0) + 1);
      }
    }
    const keys = new Set([...before.keys(), ...this.marked.keys()]);
    const changed = [...keys].filter((key) => before.get(key) !== this.marked.get(key));
    if (changed.length > 0) {
      this.changed.fire(changed.map((key) => vscode.Uri.parse(key)));
    }
  }

  provideFileDecoration(uri: vscode.Uri): vscode.FileDecoration | undefined {
    const count = this.marked.get(uri.toString());
    if (count === undefined) {
      return undefined;
    }
    const text = count === 1 ? 'Rummy proposes a change' : `Rummy proposes ${count} changes`;
    return new vscode.FileDecoration(
      'R',
      text,
      new vscode.ThemeColor('gitDecoration.modifiedResourceForeground'),
    );
  }

  dispose(): void {
    this.throttle.dispose();
    vscode.Disposable.from(...this.disposables).dispose();
  }
}
