/**
 * The elements of the trees, and what a command is given when it is called on one of them. Each names what
 * it stands for; what that is like now is asked of `Rummy` when it is shown.
 */

import type { Rummy } from '../rummy';
import type { Hunk, Proposal } from '../protocol';

export interface RunNode {
  readonly kind: 'run';
  readonly run: string;
}

export interface ProposalNode {
  readonly kind: 'proposal';
  readonly run: string;
  readonly path: string;
}

export interface HunkNode {
  readonly kind: 'hunk';
  readonly run: string;
  readonly path: string;
  readonly hunk: string;
}

export interface SchemeNode {
  readonly kind: 'scheme';
  readonly run: string;
  readonly scheme: string;
}

export interface EntryNode {
  readonly kind: 'entry';
  readonly run: string;
  readonly path: string;
}

export type Node = RunNode | ProposalNode | HunkNode | SchemeNode | EntryNode;

const KINDS = ['run', 'proposal', 'hunk', 'scheme', 'entry'];

export function isNode(value: unknown): value is Node {
  return (
    typeof value === 'object' &&
    value !== null &&
    'kind' in value &&
    KINDS.includes(value.kind as string)
  );
}

/** The alias that a command's argument names: an alias, a tree's element, or `{run}`. */
export function aliasIn(argument: unknown): string | undefined {
  if (typeof argument === 'string') {
    return argument;
  }
  if (typeof argument === 'object' && argument !== null && 'run' in argument) {
    return typeof argument.run === 'string' ? argument.run : undefined;
  }
  return undefined;
}

export function proposalOf(
  rummy: Rummy,
  node: { readonly run: string; readonly path: string },
): Proposal | undefined {
  return rummy.proposals(node.run).find(({ path }) => path === node.path);
}

export function hunkOf(rummy: Rummy, node: HunkNode): Hunk | undefined {
  return proposalOf(rummy, node)?.hunks.find(({ id }) => id === node.hunk);
}
