/**
 * The text of an answer as elements, while it streams: what stands there is never touched again, save the
 * last block.
 */

import type { Paragraph, Sink, Verbatim } from './blocks';
import { BlockReader } from './blocks';
import { element } from './dom';
import { draw } from './markdown';

/** Lines that are laid out together. More, and every new line would cost as much as all before. */
const LINES = 50;

/** Such groups of lines that are laid out even where they are out of sight: most text has no more. */
const NEAR = 4;

/** Lines that are shown as they are, however many. */
export class Lines {
  readonly element = element('pre', { attributes: { tabindex: '0' } });
  private last: HTMLElement | undefined;
  private count = 0;
  private unfinished: Text | undefined;

  /** Adds text, whose last line may go on. */
  add(text: string): void {
    const lines = text.split('\n');
    lines.forEach((line, index) => {
      this.grow(line);
      if (index < lines.length - 1) {
        this.endLine();
      }
    });
  }

  line(text: string): void {
    this.partial(text);
    this.endLine();
  }

  /** Nothing more comes for now: what was never in sight is as high as it has lines. */
  end(): void {
    const lines = this.unfinished ? this.count + 1 : this.count;
    this.last?.style.setProperty('contain-intrinsic-height', `auto ${lines}lh`);
  }

  /** The line that has not ended, in place of the one before. */
  partial(text: string): void {
    this.unfinish().data = text;
  }

  private grow(text: string): void {
    if (text !== '') {
      this.unfinish().appendData(text);
    }
  }

  private unfinish(): Text {
    if (!this.last || this.count >= LINES) {
      const isFar = this.element.childElementCount >= NEAR;
      this.last = element('span', { class: isFar ? 'lines far' : 'lines' });
      this.count = 0;
      this.element.append(this.last);
    }
    if (!this.unfinished) {
      this.unfinished = document.createTextNode('');
      this.last.append(this.unfinished);
    }
    return this.unfinished;
  }

  private endLine(): void {
    this.unfinish().appendData('\n');
    this.unfinished = undefined;
    this.count += 1;
  }
}

/** Commands that follow each other, put away: the rows below say what became of them. */
class Written {
  private readonly summary = element('summary');
  readonly element = element('details', { class: 'command' }, this.summary);
  private count = 0;

  add(title: string, lines: Lines): void {
    this.count += 1;
    this.summary.textContent = this.count === 1 ? title : `${this.count} commands`;
    this.element.append(lines.element);
  }
}

export class Prose implements Sink {
  readonly element = element('div', { class: 'prose' });
  private written: Written | undefined;
  private readonly reader = new BlockReader(this);
  private drafted: HTMLElement | undefined;
  private lines: Lines | undefined;

  add(text: string): void {
    this.reader.take(text);
  }

  finish(): void {
    this.reader.finish();
  }

  whole(block: Paragraph): void {
    this.draft(undefined);
    this.append(draw(block));
  }

  draft(block: Paragraph | undefined): void {
    const drawn = block && draw(block);
    if (this.drafted && drawn) {
      this.drafted.replaceWith(drawn);
    } else if (drawn) {
      this.append(drawn);
    } else {
      this.drafted?.remove();
    }
    this.drafted = drawn;
  }

  private append(drawn: HTMLElement): void {
    this.written = undefined;
    this.element.append(drawn);
  }

  begin({ kind, title }: Verbatim): void {
    this.lines = new Lines();
    if (kind === 'code') {
      this.append(this.lines.element);
      return;
    }
    if (!this.written) {
      this.written = new Written();
      this.element.append(this.written.element);
    }
    this.written.add(title, this.lines);
  }

  line(text: string): void {
    this.lines?.line(text);
  }

  partial(text: string): void {
    this.lines?.partial(text);
  }

  end(): void {
    this.lines?.end();
    this.lines = undefined;
  }
}
