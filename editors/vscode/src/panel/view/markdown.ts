/**
 * Blocks of Markdown as elements.
 */

import type { Paragraph } from './blocks';
import { element } from './dom';
import type { Inline } from './inline';
import { readInline } from './inline';

const MARKER = /^(\s*)(?:[-*+]|(\d{1,9})[.)])\s+(?:\[([ xX])\]\s)?/;

export function draw({ kind, lines }: Paragraph): HTMLElement {
  switch (kind) {
    case 'heading':
      return heading(lines[0] ?? '');
    case 'rule':
      return element('hr');
    case 'quote': {
      const text = lines.map((line) => line.replace(/^ {0,3}> ?/, '')).join('\n');
      return element('blockquote', {}, ...inline(text));
    }
    case 'list':
      return list(lines);
    case 'table':
      return table(lines);
    case 'paragraph':
      return element('p', {}, ...inline(lines.join('\n')));
  }
}

/** A model's headings stand below those of the page. */
function heading(line: string): HTMLElement {
  const [, marks = '#', text = ''] = /^ {0,3}(#{1,6})\s+(.*?)(?:\s+#+)?\s*$/.exec(line) ?? [];
  const level = String(Math.min(marks.length + 2, 6)) as '3' | '4' | '5' | '6';
  return element(`h${level}`, {}, ...inline(text));
}

interface Level {
  readonly indent: number;
  readonly list: HTMLElement;
}

function list(lines: readonly string[]): HTMLElement {
  const levels: Level[] = [];
  let item: HTMLElement | undefined;
  for (const line of lines) {
    const marker = MARKER.exec(line);
    if (!marker) {
      item?.append(document.createTextNode('\n'), ...inline(line.trim()));
      continue;
    }
    const indent = (marker[1] ?? '').length;
    while (levels.length > 1 && indent < (levels.at(-1)?.indent ?? 0)) {
      levels.pop();
    }
    const top = levels.at(-1);
    if (!top || (indent > top.indent + 1 && item && levels.length < 8)) {
      levels.push({ indent, list: begun(marker[2]) });
      item?.append(levels.at(-1)?.list ?? '');
    }
    item = element('li', {}, ...checked(marker[3]), ...inline(line.slice(marker[0].length)));
    levels.at(-1)?.list.append(item);
  }
  return levels[0]?.list ?? element('ul');
}

function begun(number: string | undefined): HTMLElement {
  if (number === undefined) {
    return element('ul');
  }
  return element('ol', { attributes: { start: number } });
}

function checked(mark: string | undefined): string[] {
  return mark === undefined ? [] : [mark === ' ' ? '☐ ' : '☑ '];
}

function table(lines: readonly string[]): HTMLElement {
  const rows = lines.map((line) =>
    line
      .trim()
      .slice(1, -1)
      .split(/(?<!\\)\|/),
  );
  const hasHead = rows[1]?.every((cell) => /^\s*:?-+:?\s*$/.test(cell)) ?? false;
  const body = hasHead ? [rows[0] ?? [], ...rows.slice(2)] : rows;
  const drawn = body.map((cells, index) => {
    const tag = hasHead && index === 0 ? 'th' : 'td';
    return element('tr', {}, ...cells.map((cell) => element(tag, {}, ...inline(cell.trim()))));
  });
  // A wide one scrolls by itself.
  return element(
    'div',
    { class: 'table', attributes: { tabindex: '0' } },
    element('table', {}, ...drawn),
  );
}

export function inline(text: string): Node[] {
  return readInline(text).map(drawInline);
}

function drawInline(part: Inline): Node {
  switch (part.kind) {
    case 'text':
      return document.createTextNode(part.text);
    case 'code':
      return element('code', { text: part.text });
    case 'entry':
      return entryLink(part.text);
    case 'link':
      return element('a', { attributes: { href: part.href } }, ...part.parts.map(drawInline));
    case 'strong':
      return element('strong', {}, ...part.parts.map(drawInline));
    case 'emphasis':
      return element('em', {}, ...part.parts.map(drawInline));
    case 'strike':
      return element('s', {}, ...part.parts.map(drawInline));
  }
}

/** A link to an entry or a file; the page opens it, see `main`. */
export function entryLink(text: string, path = text): HTMLElement {
  return element('a', { text, class: 'entry', attributes: { href: '#', 'data-path': path } });
}
