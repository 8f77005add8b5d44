/**
 * Making elements. Text only ever becomes text: nothing that a model writes is read as HTML.
 */

interface Properties {
  readonly class?: string;
  readonly text?: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (properties.class !== undefined) {
    made.className = properties.class;
  }
  if (properties.text !== undefined) {
    made.textContent = properties.text;
  }
  for (const [name, value] of Object.entries(properties.attributes ?? {})) {
    made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

export function svg(
  tag: string,
  attributes: Readonly<Record<string, string | number>>,
): SVGElement {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) {
    made.setAttribute(name, String(value));
  }
  return made;
}

export function button(text: string, press: () => void, kind = 'quiet'): HTMLButtonElement {
  const made = element('button', { class: kind, text, attributes: { type: 'button' } });
  made.addEventListener('click', press);
  return made;
}

/** An element that the page is made with. */
export function existing<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (!found) {
    throw new Error(`The page has no element #${id}.`);
  }
  return found as E;
}
