/**
 * Calls that come in bursts, carried out at most once in an interval: the first at once, the last for sure.
 */

export class Throttle {
  private timer: NodeJS.Timeout | undefined;
  private isDue = false;

  constructor(
    private readonly intervalMs: number,
    private readonly action: () => void,
  ) {}

  call(): void {
    if (this.timer) {
      this.isDue = true;
      return;
    }
    this.action();
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (this.isDue) {
        this.isDue = false;
        this.call();
      }
    }, this.intervalMs);
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.isDue = false;
  }
}
