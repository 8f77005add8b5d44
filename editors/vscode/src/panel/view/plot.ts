/**
 * Tokens and cost, a bar and a point a turn.
 */

import type { Figure } from '../messages';
import { element, svg } from './dom';

/** Turns that the plot shows: the newest. */
const SHOWN = 60;

const WIDTH = 480;
const HEIGHT = 72;
const BASE = HEIGHT - 2;
const WIDEST = 24;

export function plot(figures: readonly Figure[]): HTMLElement | undefined {
  const shown = figures.filter(({ turn, sent }) => turn > 0 && sent !== undefined).slice(-SHOWN);
  if (shown.length === 0) {
    return undefined;
  }
  const image = svg('svg', {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: 'none',
    role: 'img',
    'aria-label': summary(shown),
  });
  const step = Math.min(WIDTH / shown.length, WIDEST);
  const tallest = Math.max(...shown.map(({ sent, written }) => (sent ?? 0) + (written ?? 0)));
  const costs = costsOf(shown);
  const dearest = Math.max(...costs);
  shown.forEach((figure, index) => {
    image.append(bar(figure, index * step, step * 0.8, (HEIGHT - 6) / tallest));
  });
  if (dearest > 0) {
    const points = costs.map((cost, index) => {
      const x = (index + 0.4) * step;
      return `${x.toFixed(1)},${(BASE - (cost / dearest) * (HEIGHT - 8)).toFixed(1)}`;
    });
    image.append(svg('polyline', { class: 'cost', points: points.join(' ') }));
  }
  const legend = element('figcaption', {}, legendOf(shown, dearest));
  return element('figure', {}, image, legend);
}

/** The cost up to each turn; a turn that says none yet stands where the one before does. */
function costsOf(figures: readonly Figure[]): number[] {
  let last = 0;
  return figures.map(({ cost }) => {
    last = cost ?? last;
    return last;
  });
}

function bar(
  { turn, sent = 0, written, cost }: Figure,
  x: number,
  width: number,
  scale: number,
): SVGElement {
  const group = svg('g', {});
  const title = svg('title', {});
  const parts = [`Turn ${turn}: ${count(sent)} tokens sent`];
  if (written !== undefined) {
    parts.push(`${count(written)} written`);
  }
  if (cost !== undefined) {
    parts.push(`$${cost.toFixed(4)} so far`);
  }
  title.textContent = parts.join(', ');
  const high = sent * scale;
  const top = (written ?? 0) * scale;
  group.append(
    title,
    svg('rect', { class: 'sent', x, y: BASE - high, width, height: Math.max(high, 0.5) }),
    svg('rect', { class: 'written', x, y: BASE - high - top, width, height: top }),
  );
  return group;
}

function legendOf(figures: readonly Figure[], dearest: number): string {
  const newest = figures.at(-1);
  const parts = [`${count(newest?.sent ?? 0)} tokens sent in turn ${newest?.turn ?? 0}`];
  if (newest?.written !== undefined) {
    parts.push(`${count(newest.written)} written`);
  }
  if (dearest > 0) {
    parts.push(`$${dearest.toFixed(dearest < 0.01 ? 4 : 2)} in all`);
  }
  return parts.join(' · ');
}

function summary(figures: readonly Figure[]): string {
  const largest = Math.max(...figures.map(({ sent }) => sent ?? 0));
  const first = figures[0]?.turn ?? 0;
  const last = figures.at(-1)?.turn ?? 0;
  return `Tokens a turn, turns ${first} to ${last}; at most ${count(largest)} were sent`;
}

/** 950, 12.4k, 1.2M. */
export function count(tokens: number): string {
  if (tokens < 1000) {
    return String(tokens);
  }
  const [value, unit] = tokens < 999_500 ? [tokens / 1000, 'k'] : [tokens / 1_000_000, 'M'];
  return `${value < 100 ? value.toFixed(1) : value.toFixed(0)}${unit}`;
}
