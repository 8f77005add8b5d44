/**
 * Hunks in a text: which of them is on a line, which comes next, how many lines they add and remove.
 * Lines are counted from 0.
 */

import type { Hunk, Proposal } from '../protocol';

/** A hunk where the document shows it. */
export interface PlacedHunk {
  readonly proposal: Proposal;
  readonly hunk: Hunk;
  /** Both inclusive. An insertion has no line of its own and stands on the one behind it. */
  readonly first: number;
  readonly last: number;
}

/** The hunks of the proposals on one document, from top to bottom. */
export function placed(proposals: readonly Proposal[], lineCount: number): PlacedHunk[] {
  const hunks = proposals.flatMap((proposal) =>
    proposal.hunks.map((hunk) => place(proposal, hunk, lineCount)),
  );
  return hunks.sort((a, b) => a.first - b.first || a.last - b.last);
}

function place(proposal: Proposal, hunk: Hunk, lineCount: number): PlacedHunk {
  // What is inserted at the end of the text begins behind its last line.
  const lastLine = Math.max(lineCount - 1, 0);
  const first = Math.min(hunk.range.start.line, lastLine);
  const { line, character } = hunk.range.end;
  // The end is the beginning of the line after, but for a last line without a break.
  const last = Math.min(character === 0 ? line - 1 : line, lastLine);
  return { proposal, hunk, first, last: Math.max(first, last) };
}

export function hunkAt(hunks: readonly PlacedHunk[], line: number): PlacedHunk | undefined {
  return hunks.find(({ first, last }) => first <= line && line <= last);
}

/** The nearest hunk that begins below the line, or above it; from an end one goes on at the other. */
export function neighbour(
  hunks: readonly PlacedHunk[],
  line: number,
  direction: 'next' | 'previous',
): PlacedHunk | undefined {
  if (direction === 'next') {
    return hunks.find(({ first }) => first > line) ?? hunks[0];
  }
  return hunks.findLast(({ last }) => last < line) ?? hunks.at(-1);
}

/** The lines of a text; a line break at its end begins no other line. */
export function linesOf(text: string): string[] {
  if (text === '') {
    return [];
  }
  const lines = text.split(/\r\n|\n/);
  if (lines.at(-1) === '') {
    lines.pop();
  }
  return lines;
}

export interface Counts {
  readonly added: number;
  readonly removed: number;
}

export function counts(hunks: readonly Hunk[]): Counts {
  let added = 0;
  let removed = 0;
  for (const hunk of hunks) {
    added += linesOf(hunk.added).length;
    removed += linesOf(hunk.removed).length;
  }
  return { added, removed };
}

/** `+3 −1`. */
export function countsText({ added, removed }: Counts): string {
  return `+${added} −${removed}`;
}

/** What is shown of a hunk's new text in one line: its first line that says something. */
export function preview(hunk: Hunk, longest = 80): string {
  const lines = linesOf(hunk.added);
  const telling = lines.find((line) => line.trim() !== '') ?? lines[0];
  if (telling === undefined) {
    return '';
  }
  const text = telling.trim();
  const characters = [...text];
  const shown =
    characters.length > longest ? `${characters.slice(0, longest - 1).join('')}…` : text;
  const more = lines.length - 1;
  return more > 0 ? `${shown}  (+${more} more)` : shown;
}
