/**
 * How long to wait before a server that crashed is started again: longer after each crash, and from the
 * beginning after one that ran for a while.
 */

const FIRST_MS = 500;
const LONGEST_MS = 60_000;

/** A server that ran for this long has not crashed because of how it was started. */
const SETTLED_MS = 60_000;

export class Backoff {
  private crashes = 0;
  private startedAt: number;

  constructor(private readonly now: () => number = Date.now) {
    this.startedAt = now();
  }

  started(): void {
    this.startedAt = this.now();
  }

  /** The milliseconds to wait after a crash. */
  crashed(): number {
    if (this.now() - this.startedAt >= SETTLED_MS) {
      this.crashes = 0;
    }
    const wait = Math.min(FIRST_MS * 2 ** this.crashes, LONGEST_MS);
    this.crashes += 1;
    return wait;
  }

  reset(): void {
    this.crashes = 0;
  }
}
