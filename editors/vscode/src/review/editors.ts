/**
 * The hunks in the editors: which are shown where, the decorations, and the context keys that bindings and
 * menus look at. What is done with a hunk is `commands/decide.ts`'s.
 */

import * as vscode from 'vscode';
import type { PlacedHunk } from '../model/hunks';
import { hunkAt, linesOf, placed, preview } from '../model/hunks';
import { Throttle } from '../model/throttle';
import type { Proposal } from '../protocol';
import type { Rummy } from '../rummy';
import { setting } from '../server/settings';
import { reviewedIn, shownIn } from './diffs';

/** How often the decorations follow what the server says. */
const INTERVAL_MS = 50;

/**
 * What the server says of a text that is being typed in is of the text as it was: VS Code moves the
 * decorations better by itself, until it was still for this long.
 */
const STILL_MS = 150;

/** The proposals' URIs as VS Code spells them: the server has a way of its own. */
const spelled = new WeakMap<Proposal, string>();

function isOn(document: vscode.TextDocument): (proposal: Proposal) => boolean {
  const wanted = document.uri.toString();
  return (proposal) => {
    if (proposal.uri === null) {
      return false;
    }
    const uri = spelled.get(proposal) ?? vscode.Uri.parse(proposal.uri).toString();
    spelled.set(proposal, uri);
    return uri === wanted;
  };
}

/** What is pending on a document. */
export function proposalsOn(rummy: Rummy, document: vscode.TextDocument): Proposal[] {
  return document.uri.scheme === 'file' ? rummy.proposals().filter(isOn(document)) : [];
}

export function hunksOf(rummy: Rummy, document: vscode.TextDocument): PlacedHunk[] {
  return placed(proposalsOn(rummy, document), document.lineCount);
}

/** The proposal whose diff is the active editor. */
export function diffInFront(): { run: string; path: string } | undefined {
  return shownIn(vscode.window.tabGroups.activeTabGroup.activeTab);
}

/** The run whose review is the active editor. */
export function reviewInFront(): string | undefined {
  return reviewedIn(vscode.window.tabGroups.activeTabGroup.activeTab);
}

export class HunkEditors implements vscode.Disposable {
  private readonly removed = vscode.window.createTextEditorDecorationType({
    isWholeLine: true,
    backgroundColor: new vscode.ThemeColor('diffEditor.removedLineBackground'),
    // High contrast themes have no such background.
    border: '1px dashed',
    borderColor: new vscode.ThemeColor('rummy.removedBorder'),
    overviewRulerColor: new vscode.ThemeColor('editorOverviewRuler.modifiedForeground'),
    overviewRulerLane: vscode.OverviewRulerLane.Left,
  });
  private readonly added = vscode.window.createTextEditorDecorationType({
    after: {
      color: new vscode.ThemeColor('rummy.addedForeground'),
      fontStyle: 'italic',
      margin: '0 0 0 2ch',
    },
    overviewRulerColor: new vscode.ThemeColor('editorOverviewRuler.addedForeground'),
    overviewRulerLane: vscode.OverviewRulerLane.Left,
  });
  private readonly contexts = new Map<string, boolean>();
  private readonly throttle = new Throttle(INTERVAL_MS, () => this.drawAll());
  /** The documents that are being typed in. */
  private readonly moving = new Map<vscode.TextDocument, NodeJS.Timeout>();
  private readonly disposables: vscode.Disposable[];

  constructor(private readonly rummy: Rummy) {
    const draw = (): void => this.throttle.call();
    this.disposables = [
      this.removed,
      this.added,
      rummy.onDidChangeProposals(draw),
      rummy.onDidRemoveRun(draw),
      vscode.window.onDidChangeVisibleTextEditors(draw),
      vscode.workspace.onDidChangeTextDocument(({ document }) => this.wait(document)),
      vscode.window.onDidChangeActiveTextEditor(() => this.lookAround()),
      vscode.window.onDidChangeTextEditorSelection(() => this.lookAround()),
      vscode.window.tabGroups.onDidChangeTabs(() => this.lookAround()),
      vscode.window.tabGroups.onDidChangeTabGroups(() => this.lookAround()),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('rummy.inlineHunks')) {
          draw();
        }
      }),
    ];
    this.drawAll();
  }

  private wait(document: vscode.TextDocument): void {
    clearTimeout(this.moving.get(document));
    const timer = setTimeout(() => {
      this.moving.delete(document);
      this.throttle.call();
    }, STILL_MS);
    this.moving.set(document, timer);
  }

  private drawAll(): void {
    for (const editor of vscode.window.visibleTextEditors) {
      if (!this.moving.has(editor.document)) {
        this.draw(editor);
      }
    }
    this.lookAround();
  }

  private draw(editor: vscode.TextEditor): void {
    // A side of a diff, which shows the hunks by itself, has no column.
    const isWanted = editor.viewColumn !== undefined && setting<boolean>('inlineHunks');
    const hunks = isWanted ? hunksOf(this.rummy, editor.document) : [];
    const going = hunks.filter(removesLines);
    const coming = hunks.filter(({ hunk }) => hunk.added !== '');
    editor.setDecorations(
      this.removed,
      going.map(({ first, last }) => new vscode.Range(first, 0, last, 0)),
    );
    editor.setDecorations(
      this.added,
      coming.map((hunk) => newText(editor.document, hunk)),
    );
  }

  /** Brings the context keys up to date. */
  private lookAround(): void {
    const editor = vscode.window.activeTextEditor;
    const hunks = editor ? hunksOf(this.rummy, editor.document) : [];
    const line = editor?.selection.active.line;
    const here = line === undefined ? undefined : hunkAt(hunks, line);
    this.setContext('rummy.editorHasHunks', hunks.length > 0);
    this.setContext('rummy.hunkAtCursor', here !== undefined);
    this.setContext('rummy.hasProposals', this.rummy.proposals().length > 0);
    this.setContext('rummy.diffEditor', diffInFront() !== undefined);
    this.setContext('rummy.reviewEditor', reviewInFront() !== undefined);
  }

  private setContext(key: string, value: boolean): void {
    if (this.contexts.get(key) !== value) {
      this.contexts.set(key, value);
      void vscode.commands.executeCommand('setContext', key, value);
    }
  }

  dispose(): void {
    this.throttle.dispose();
    this.moving.forEach((timer) => clearTimeout(timer));
    vscode.Disposable.from(...this.disposables).dispose();
  }
}

function removesLines({ hunk }: PlacedHunk): boolean {
  return linesOf(hunk.removed).length > 0;
}

/** The new text behind the hunk's last line; behind the line before, where nothing goes. */
function newText(document: vscode.TextDocument, placedHunk: PlacedHunk): vscode.DecorationOptions {
  const { hunk, first, last } = placedHunk;
  const line = removesLines(placedHunk) ? last : Math.max(first - 1, 0);
  const end = document.lineAt(line).range.end;
  return {
    range: new vscode.Range(end, end),
    renderOptions: { after: { contentText: `${sign(document, placedHunk)} ${preview(hunk)}` } },
  };
}

function sign(document: vscode.TextDocument, placedHunk: PlacedHunk): string {
  if (isInConflict(document, placedHunk)) {
    return '⚠ conflicts with your change:';
  }
  return removesLines(placedHunk) ? '→' : '↳ +';
}

/** The server says it of the proposal; it is those hunks whose lines are not there any more. */
function isInConflict(document: vscode.TextDocument, { proposal, hunk }: PlacedHunk): boolean {
  const { start, end } = hunk.range;
  const range = new vscode.Range(start.line, start.character, end.line, end.character);
  const now = linesOf(document.getText(range)).join('\n');
  return proposal.conflict && now !== linesOf(hunk.removed).join('\n');
}
