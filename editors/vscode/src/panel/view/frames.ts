/**
 * Work that is done a little in each frame, so that no frame takes long: what comes in is put into a queue,
 * and a frame takes from it as long as there is time.
 */

/** Milliseconds of a frame that are worked in; what the browser does with it comes on top. */
const SHARE_MS = 4;

export class Frames<T> {
  private readonly queue: T[] = [];
  private next = 0;
  private isDue = false;

  /** `done` is called at the end of each frame that has done something. */
  constructor(
    private readonly work: (item: T) => void,
    private readonly done: () => void,
  ) {}

  add(item: T): void {
    this.queue.push(item);
    this.ask();
  }

  private ask(): void {
    if (!this.isDue) {
      this.isDue = true;
      requestAnimationFrame(() => this.frame());
    }
  }

  private frame(): void {
    this.isDue = false;
    const end = performance.now() + SHARE_MS;
    do {
      const item = this.queue[this.next];
      if (item === undefined) {
        break;
      }
      this.next += 1;
      this.work(item);
    } while (performance.now() < end);
    if (this.next < this.queue.length) {
      this.ask();
    } else {
      this.queue.length = 0;
      this.next = 0;
    }
    this.done();
  }
}
