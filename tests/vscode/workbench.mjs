// The hands and eyes of a user in VS Code's workbench: what can be typed, clicked and read there. What a
// scenario is about is not known here.

import assert from "node:assert/strict";
import fs from "node:fs";

import { STEP_MS } from "./host.mjs";

export class Workbench {
  constructor(page, host) {
    this.page = page;
    this.host = host;
    this.quickInput = page.locator(".quick-input-widget");
    this.dialog = page.locator(".monaco-dialog-box");
  }

  /** Waits until the window stands and knows the extension. */
  async ready() {
    await this.page.locator(".activitybar .action-label[aria-label^='Rummy']").waitFor();
  }

  async reload() {
    await Promise.all([this.page.waitForEvent("load"), this.command("Developer: Reload Window")]);
    await this.ready();
  }

  /** Waits until something holds, looking again and again, and returns what made it hold. */
  async until(what, condition) {
    const end = Date.now() + STEP_MS;
    for (;;) {
      const held = await condition();
      if (held) return held;
      if (Date.now() > end) throw new Error(`waited ${STEP_MS} ms in vain for ${what}`);
      await this.page.waitForTimeout(50);
    }
  }

  // Commands

  async command(title) {
    const row = this.quickInput.locator(".monaco-list-row.focused").filter({ hasText: title });
    const box = this.quickInput.locator("input.input");
    const choose = async () => {
      await this.page.keyboard.press("F1");
      await box.fill(`>${title}`, { timeout: 5000 });
      await row.click({ timeout: 5000 });
    };
    await this.until(`the command ${title}`, async () => {
      // No hover may lie over the list.
      await this.page.mouse.move(640, 790);
      const isChosen = await choose().then(() => true, () => false);
      // What is offered is decided when the list opens, and an editor that opens closes it: it was too early.
      if (!isChosen) await this.page.keyboard.press("Escape");
      return isChosen;
    });
  }

  /** Types into the box that asks. */
  async enter(text) {
    const box = this.quickInput.locator("input.input");
    await box.waitFor();
    await box.fill(text);
    await this.page.keyboard.press("Enter");
  }

  async pick(label) {
    await this.quickInput.locator(".monaco-list-row").filter({ hasText: label }).first().click();
  }

  // Views

  /** Shows the extension's views. */
  async showViews() {
    const item = this.page.locator(".activitybar .action-label[aria-label^='Rummy']");
    const isShown = await this.page.locator(".pane-header[aria-label^='Runs']").isVisible();
    // A badge may cover it; a click on that is one on the item.
    if (!isShown) await item.click({ force: true });
    await this.page.locator(".pane-header[aria-label^='Runs']").waitFor();
  }

  pane(name) {
    const header = this.page.locator(`.pane-header[aria-label^='${name}']`);
    return this.page.locator(".pane").filter({ has: header });
  }

  row(pane, text) {
    return this.pane(pane).locator(".monaco-list-row").filter({ hasText: text }).first();
  }

  /** Waits for a row of a view that says all of these texts. */
  async waitForRow(pane, ...texts) {
    let row = this.pane(pane).locator(".monaco-list-row");
    for (const text of texts) row = row.filter({ hasText: text });
    await row.first().waitFor();
    return row.first();
  }

  async waitForNoRow(pane, text) {
    await this.row(pane, text).waitFor({ state: "detached" });
  }

  /** Presses a button that a row shows under the pointer. */
  async press(row, button) {
    await row.hover();
    await row.locator(`.action-label[aria-label*='${button}']`).click();
  }

  /** Presses keys until something holds: what a key does may depend on what the extension knows by then. */
  async pressUntil(what, keys, condition) {
    await this.until(what, async () => {
      await this.page.keyboard.press(keys);
      await this.page.waitForTimeout(500);
      return condition();
    });
  }

  // Editors

  async open(name) {
    await this.page.keyboard.press("Control+p");
    await this.quickInput.locator("input.input").fill(name);
    const base = name.split("/").at(-1);
    await this.pick(base);
    await this.page.locator(`.tab.active[data-resource-name='${base}']`).waitFor();
    await this.editor.locator(".view-line").first().waitFor();
  }

  get editor() {
    return this.page.locator(".editor-group-container.active .editor-instance .monaco-editor").last();
  }

  /** The lines that the editor in front shows, as text. */
  async shown() {
    const lines = await this.editor.locator(".view-lines .view-line").evaluateAll((found) =>
      found
        .map((line) => ({ top: parseInt(line.style.top, 10), text: line.textContent }))
        .sort((a, b) => a.top - b.top)
        .map(({ text }) => text.replaceAll("\u00a0", " ")),
    );
    return lines.join("\n");
  }

  lenses(text) {
    return this.page.locator(".codelens-decoration a").filter({ hasText: text });
  }

  async waitForLenses(text, count) {
    // VS Code asks for lenses only while the text has the focus.
    await this.page.keyboard.press("Control+1");
    await this.until(`${count} lenses ${text}`, async () => (await this.lenses(text).count()) === count);
  }

  async pressLens(text, index = 0) {
    const lens = this.lenses(text).nth(index);
    await lens.click();
  }

  async goToLine(line) {
    await this.page.keyboard.press("Control+g");
    await this.enter(`:${line}`);
  }

  // What is asked and told

  toast(text) {
    return this.page.locator(".notification-list-item").filter({ hasText: text }).first();
  }

  async pressInToast(text, button) {
    const toast = this.toast(text);
    await toast.waitFor();
    await toast.locator(".monaco-button").filter({ hasText: button }).click();
  }

  async pressInDialog(text, button) {
    const dialog = this.dialog.filter({ hasText: text });
    await dialog.waitFor();
    await dialog.locator(".monaco-button").filter({ hasText: new RegExp(`^${button}$`) }).click();
  }

  /** Waits until the terminal in front shows a text. */
  async waitForTerminal(text) {
    const rows = this.page.locator(".terminal-wrapper.active .xterm-rows");
    const says = async () => (await rows.innerText()).replaceAll("\u00a0", " ").includes(text);
    await this.until(`the terminal to say ${text}`, says);
  }

  /** The page of the run panel in front. */
  panel() {
    return this.page.frameLocator("iframe.webview.ready").last().frameLocator("#active-frame");
  }

  // The disk

  onDisk(name) {
    return fs.existsSync(name) ? fs.readFileSync(name, "utf8") : undefined;
  }

  async waitForDisk(name, text) {
    await this.until(`${name} to be ${JSON.stringify(text)}`, () => this.onDisk(name) === text).catch((error) => {
      assert.equal(this.onDisk(name), text, error.message);
    });
  }
}
