/**
 * The text that a model streams, put together from pieces whose places are counted in bytes of UTF-8.
 * One object is one answer of one turn.
 */

export class StreamedText {
  private value = '';
  private bytes = 0;

  get text(): string {
    return this.value;
  }

  /** Adds a piece. One that begins earlier replaces what came from there on: the call was repeated. */
  take(offset: number, piece: string): void {
    if (offset < this.bytes) {
      this.value = Buffer.from(this.value, 'utf8').subarray(0, offset).toString('utf8');
    }
    this.value += piece;
    this.bytes = offset + Buffer.byteLength(piece, 'utf8');
  }
}
