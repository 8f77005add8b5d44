/**
 * Tells the user of questions and commands of a run. Nothing here takes the focus from what is being
 * typed: a toast comes first, and only its button opens the quick pick or the modal. What is dismissed
 * stays in the view Proposals.
 */

import * as vscode from 'vscode';
import { visible } from '../model/shell';
import type { Proposal, RunProposals } from '../protocol';
import { complain, inform, warn } from '../notify';
import type { Rummy } from '../rummy';
import { answer } from './questions';
import { reviewCommand } from './shell';

/** A command that is allowed is decided this soon after it was proposed. */
const GRACE_MS = 300;

/** The longest command that a toast spells out, in characters. */
const SPELLED_OUT = 100;

export class Asking implements vscode.Disposable {
  /** What was asked, by run; a restart of the server or the window asks again. */
  private readonly asked = new Map<string, Set<string>>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly disposables: vscode.Disposable[];

  constructor(private readonly rummy: Rummy) {
    this.disposables = [
      rummy.onDidChangeProposals((message) => this.look(message)),
      rummy.onDidReset(() => this.asked.clear()),
    ];
  }

  private look({ run, proposals }: RunProposals): void {
    const before = this.asked.get(run) ?? new Set();
    const waiting = proposals.filter(({ kind }) => kind === 'command' || kind === 'question');
    this.asked.set(run, new Set(waiting.map(({ path }) => path)));
    for (const proposal of waiting.filter(({ path }) => !before.has(path))) {
      const timer = setTimeout(() => {
        this.timers.delete(timer);
        void this.ask(proposal);
      }, GRACE_MS);
      this.timers.add(timer);
    }
  }

  private isPending({ run, path }: Proposal): boolean {
    return this.rummy.proposals(run).some((pending) => pending.path === path);
  }

  private async ask(proposal: Proposal): Promise<void> {
    if (!this.isPending(proposal)) {
      return;
    }
    try {
      await (proposal.kind === 'question' ? this.askQuestion(proposal) : this.askCommand(proposal));
    } catch (error) {
      complain(error);
    }
  }

  private async askQuestion(proposal: Proposal): Promise<void> {
    const open = 'Answer…';
    const text = `Rummy (${proposal.run}) asks: ${proposal.question ?? proposal.title}`;
    const chosen = await inform(text, open);
    if (chosen === open && this.isPending(proposal)) {
      await answer(this.rummy, proposal);
    }
  }

  private async askCommand(proposal: Proposal): Promise<void> {
    const review = 'Review…';
    const reject = 'Reject';
    const text = `Rummy (${proposal.run}) wants to run: ${inALine(visible(proposal.command ?? proposal.title))}`;
    const chosen = await warn(text, review, reject);
    if (!this.isPending(proposal)) {
      return;
    }
    const { run, path } = proposal;
    if (chosen === review) {
      await reviewCommand(this.rummy, proposal);
    } else if (chosen === reject) {
      await this.rummy.request('reject', { run, path });
    }
  }

  dispose(): void {
    this.timers.forEach(clearTimeout);
    vscode.Disposable.from(...this.disposables).dispose();
  }
}

function inALine(command: string): string {
  const line = command.replace(/\s+/g, ' ').trim();
  const characters = [...line];
  return characters.length > SPELLED_OUT ? `${characters.slice(0, SPELLED_OUT).join('')}…` : line;
}
