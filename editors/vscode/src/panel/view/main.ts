/**
 * The run panel's page: takes what the extension tells, a little in each frame, and tells it what the user
 * does. Nothing of the editor can be reached from here but by messages.
 */

import type { Figure, FromPage, Head, ToPage } from '../messages';
import { Composer } from './composer';
import { element, existing } from './dom';
import { Frames } from './frames';
import { HeadView } from './head';
import { PendingView } from './pending';
import { Transcript } from './transcript';

interface State {
  readonly run?: string;
  readonly draft?: string;
}

declare function acquireVsCodeApi(): {
  postMessage(message: FromPage): void;
  getState(): State | undefined;
  setState(state: State): void;
};

/** Pixels from the end at which the reader is taken to be there. */
const NEAR = 40;

const editor = acquireVsCodeApi();
const tell = (message: FromPage): void => editor.postMessage(message);
const keep = (state: State): void => editor.setState({ ...editor.getState(), ...state });
const keepDraft = (draft: string): void => keep({ draft });

const scroller = existing('transcript');
const toEnd = existing<HTMLButtonElement>('to-end');
const spoken = existing('spoken');
const turns = element('div');
scroller.append(turns);
const transcript = new Transcript(turns);
const head = new HeadView((command) => tell({ type: 'run', command }));
const pending = new PendingView({
  decide: (verdict, path) => tell({ type: 'decide', verdict, path }),
  answer: (path, answer) => tell({ type: 'answer', path, answer }),
});
const composer = new Composer(
  editor.getState()?.draft ?? '',
  (prompt, mode) => tell({ type: 'send', prompt, mode }),
  keepDraft,
);

let followsEnd = true;
/** The newest head and figures that are not drawn yet: only they matter. */
let undrawn: Head | undefined;
let unplotted: readonly Figure[] | undefined;

function take(message: ToPage): void {
  switch (message.type) {
    case 'begin':
      transcript.clear();
      followsEnd = true;
      keep({ run: message.head.run });
      undrawn = message.head;
      break;
    case 'head':
      undrawn = message.head;
      break;
    case 'items':
      message.items.forEach(([place, item]) => transcript.put(place, item));
      break;
    case 'text':
      transcript.addText(message.turn, message.kind, message.text, message.isNew);
      break;
    case 'figures':
      unplotted = message.figures;
      break;
    case 'output':
      transcript.print(message.entry, message.text);
      break;
    case 'trouble':
      transcript.clear();
      turns.append(element('p', { text: message.problem, attributes: { role: 'alert' } }));
      break;
    case 'sent':
      composer.sent(message.problem, keepDraft);
      break;
  }
}

function endFrame(isIdle: boolean): void {
  if (undrawn) {
    head.show(undrawn);
    pending.show(undrawn.pending);
    composer.show(undrawn);
    transcript.finish(undrawn.status === 102 ? undrawn.turn : undefined);
    speak(undrawn);
    undrawn = undefined;
  }
  if (unplotted && isIdle) {
    head.showFigures(unplotted);
    unplotted = undefined;
  }
}

/** Screen readers hear of each step, not of each token. */
function speak({ says, turn, pending: { length } }: Head): void {
  const waiting = length === 0 ? '' : `, ${length} waiting for you`;
  const text = turn > 0 ? `Turn ${turn}: ${says}${waiting}` : `${says}${waiting}`;
  if (spoken.textContent !== text) {
    spoken.textContent = text;
  }
}

const frames = new Frames(take, endFrame);

let lastTop = 0;
let lastHeight = 0;

/** Only who goes up leaves the end: it also moves away, and the text with it, when the panel gets smaller. */
function look(): void {
  const { scrollTop, scrollHeight, clientHeight } = scroller;
  const isNear = scrollHeight - scrollTop - clientHeight < NEAR;
  const isResized = clientHeight !== lastHeight;
  followsEnd = isNear || (followsEnd && (isResized || scrollTop >= lastTop));
  lastTop = scrollTop;
  lastHeight = clientHeight;
  toEnd.hidden = followsEnd;
}

// Asked for once the browser has laid out a frame, the end takes no layout of its own; and it is where it
// is, also where something comes in sight and turns out to be higher than it was taken for.
const sizes = new ResizeObserver(() => {
  if (followsEnd) {
    scroller.scrollTop = scroller.scrollHeight;
  }
});
sizes.observe(scroller);
sizes.observe(turns);

// Reading on where one is must not be undone by what comes: a wheel or a key that goes up is heard at
// once, before the scrolling that it leads to.
scroller.addEventListener(
  'wheel',
  ({ deltaY }) => {
    if (deltaY < 0) {
      followsEnd = false;
    }
  },
  { passive: true },
);
scroller.addEventListener('keydown', ({ key }) => {
  if (['ArrowUp', 'PageUp', 'Home'].includes(key)) {
    followsEnd = false;
  }
});
scroller.addEventListener('scroll', look, { passive: true });
toEnd.addEventListener('click', () => {
  followsEnd = true;
  scroller.scrollTop = scroller.scrollHeight;
  scroller.focus();
});
document.addEventListener('click', (event) => {
  const link =
    event.target instanceof Element ? event.target.closest<HTMLElement>('a[data-path]') : null;
  const path = link?.dataset['path'];
  if (path !== undefined) {
    event.preventDefault();
    tell({ type: 'open', path });
  }
});
window.addEventListener('message', ({ data }: MessageEvent<ToPage>) => frames.add(data));
tell({ type: 'ready' });
