/**
 * The box in which the user goes on with the run. What was typed is kept until it is sent, also when the
 * page is thrown away meanwhile.
 */

import type { Mode } from '../../protocol';
import type { Head } from '../messages';
import { element, existing } from './dom';

export class Composer {
  private readonly box = element('textarea', {
    attributes: { id: 'prompt', rows: '1', 'aria-describedby': 'problem' },
  });
  private readonly mode = element(
    'select',
    { attributes: { 'aria-label': 'Mode' } },
    element('option', { text: 'Act', attributes: { value: 'act' } }),
    element('option', { text: 'Ask', attributes: { value: 'ask' } }),
  );
  private readonly send = element('button', {
    class: 'primary',
    text: 'Send',
    attributes: { type: 'submit' },
  });
  private readonly problem = element('p', { attributes: { id: 'problem', role: 'alert' } });
  private isModeChosen = false;
  private isSending = false;

  constructor(
    draft: string,
    private readonly sending: (prompt: string, mode: Mode) => void,
    keep: (draft: string) => void,
  ) {
    const form = existing<HTMLFormElement>('composer');
    this.box.value = draft;
    form.append(this.box, this.mode, this.send, this.problem);
    this.box.addEventListener('input', () => {
      this.fit();
      keep(this.box.value);
    });
    this.box.addEventListener('keydown', (event) => {
      // Enter that ends a composition of an input method is not the user's.
      if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        form.requestSubmit();
      }
    });
    this.mode.addEventListener('change', () => {
      this.isModeChosen = true;
    });
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.submit();
    });
    this.fit();
  }

  show({ isActive, mode, run }: Head): void {
    const placeholder = isActive ? 'Add to the next turn' : 'Go on with this run';
    this.box.placeholder = placeholder;
    this.box.setAttribute('aria-label', `${placeholder}, ${run}`);
    if (!this.isModeChosen) {
      this.mode.value = mode;
    }
  }

  /** What became of the prompt. */
  sent(problem: string | undefined, keep: (draft: string) => void): void {
    this.isSending = false;
    this.send.disabled = false;
    this.problem.textContent = problem ?? '';
    if (problem === undefined) {
      this.box.value = '';
      keep('');
      this.fit();
    }
  }

  private submit(): void {
    const prompt = this.box.value.trim();
    if (prompt !== '' && !this.isSending) {
      this.isSending = true;
      this.send.disabled = true;
      this.problem.textContent = '';
      this.sending(prompt, this.mode.value === 'ask' ? 'ask' : 'act');
    }
  }

  /** As high as its text, within the limits of the style sheet. */
  private fit(): void {
    this.box.style.height = 'auto';
    this.box.style.height = `${this.box.scrollHeight + 2}px`;
  }
}
