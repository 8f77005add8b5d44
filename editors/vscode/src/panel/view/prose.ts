/**
 * The text of an answer as elements, while it streams: what stands there is never touched again, save the
 * last block.
 */

import type { Paragraph, Sink, Verbatim } from './blocks';
import { BlockReader } from './blocks';
import { element } from './dom';
import { draw } from './markdown';

/** Lines and characters that are laid out together. More, and a new line would cost as much as all before. */
const LINES = 50;
const CHARACTERS = 8 * 1024;

/** Such groups of lines that are laid out even where they are out of sight: most text has no more. */
const NEAR = 4;

/** Lines that are shown as they are, however many. */
export class Lines {
  readonly element = element('pre', { attributes: { tabindex: '0' } });
  private group: HTMLElement | undefined;
  /** The text of the group, and how many lines and characters of it have ended. */
  private text = new Text();
  private count = 0;
  private ended = 0;

  /** Adds text, whose last line may go on. */
  add(text: string): void {
    const lines = text.split('\n');
    lines.forEach((line, index) => {
      const isEnded = index < lines.length - 1;
      if (line !== '' || isEnded) {
        this.open().appendData(isEnded ? `${line}\n` : line);
      }
      if (isEnded) {
        this.endLine();
      }
    });
  }

  line(text: string): void {
    this.partial(`${text}\n`);
    this.endLine();
  }

  /** Nothing more comes for now: what was never in sight is as high as it has lines. */
  end(): void {
    const lines = this.isAtEnd ? this.count : this.count + 1;
    this.group?.style.setProperty('contain-intrinsic-height', `auto ${lines}lh`);
  }

  /** The line that has not ended, in place of the one before. */
  partial(text: string): void {
    if (text === '' && this.isAtEnd) {
      return;
    }
    const open = this.open();
    const known = open.data.slice(this.ended);
    if (text.startsWith(known)) {
      // What is selected stays so.
      open.appendData(text.slice(known.length));
    } else {
      open.replaceData(this.ended, known.length, text);
    }
  }

  private open(): Text {
    if (!this.group || ((this.count >= LINES || this.ended > CHARACTERS) && this.isAtEnd)) {
      const isFar = this.element.childElementCount >= NEAR;
      this.text = new Text();
      this.group = element('span', { class: isFar ? 'lines far' : 'lines' }, this.text);
      this.count = 0;
      this.ended = 0;
      this.element.append(this.group);
    }
    return this.text;
  }

  private get isAtEnd(): boolean {
    return this.ended === this.text.length;
  }

  private endLine(): void {
    this.count += 1;
    this.ended = this.text.length;
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

/** Characters of a part; what is out of sight of the parts is neither laid out nor painted. */
const PART = 8 * 1024;

export class Prose implements Sink {
  readonly element = element('div', { class: 'prose' });
  private part: HTMLElement | undefined;
  /** Characters of the part. */
  private size = 0;
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
    this.size += block.lines.join('\n').length;
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
    this.place(drawn);
  }

  private place(drawn: HTMLElement): void {
    if (!this.part || this.size > PART) {
      this.part = element('div', { class: 'part' });
      this.size = 0;
      this.element.append(this.part);
    }
    this.part.append(drawn);
  }

  begin({ kind, title }: Verbatim): void {
    this.lines = new Lines();
    if (kind === 'code') {
      this.append(this.lines.element);
      return;
    }
    if (!this.written) {
      this.written = new Written();
      this.place(this.written.element);
    }
    this.written.add(title, this.lines);
  }

  line(text: string): void {
    this.lines?.line(text);
    this.size += text.length;
  }

  partial(text: string): void {
    this.lines?.partial(text);
  }

  end(): void {
    this.lines?.end();
    this.lines = undefined;
  }
}
