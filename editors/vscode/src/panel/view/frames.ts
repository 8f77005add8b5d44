/**
 * Work that is done a little in each frame, so that no frame takes long: what comes in is put into a queue,
 * and a frame takes from it as long as there is time. How long that is goes by what the last frames have
 * cost in the end: most of a frame is the browser's, for what the work has changed.
 */

/** Milliseconds that a frame should take, from the work to what the browser has made of it. */
const WHOLE_MS = 16;

/** Of these, those that are worked in: never fewer, so that there is progress, and never more. */
const LEAST_MS = 1;
const MOST_MS = 4;

/** How much a frame that cost less says of the next one. One that cost more says all. */
const NEWS = 0.2;

export class Frames<T> {
  private readonly queue: T[] = [];
  private next = 0;
  private isDue = false;
  /** Milliseconds of a frame for each that was worked in. */
  private factor = WHOLE_MS / 2;
  private readonly channel = new MessageChannel();
  private begun = 0;
  private worked = 0;

  /** `done` is called at the end of each frame that has done something, with whether nothing is left. */
  constructor(
    private readonly work: (item: T) => void,
    private readonly done: (isIdle: boolean) => void,
  ) {
    this.channel.port1.onmessage = () => this.learn();
  }

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
    this.begun = performance.now();
    const end = this.begun + Math.min(Math.max(WHOLE_MS / this.factor, LEAST_MS), MOST_MS);
    do {
      const item = this.queue[this.next];
      if (item === undefined) {
        break;
      }
      this.next += 1;
      this.work(item);
    } while (performance.now() < end);
    this.worked = performance.now() - this.begun;
    const isIdle = this.next === this.queue.length;
    if (isIdle) {
      this.queue.length = 0;
      this.next = 0;
    } else {
      this.ask();
    }
    this.done(isIdle);
    // Comes once the browser has drawn the frame.
    this.channel.port2.postMessage(undefined);
  }

  private learn(): void {
    if (this.worked < LEAST_MS / 2) {
      // Its cost is none of the work's.
      return;
    }
    const factor = (performance.now() - this.begun) / this.worked;
    this.factor += Math.max(factor - this.factor, (factor - this.factor) * NEWS);
  }
}
