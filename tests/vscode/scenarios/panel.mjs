// The run panel: what a model writes is text whatever it looks like, a prompt joins a run at work and goes
// on with one that has ended, and what is proposed can be accepted there.

import assert from "node:assert/strict";

export default async function (t) {
  await t.command("Rummy: Act");
  await t.enter("be polite");
  const panel = t.panel();
  const transcript = panel.locator("#transcript");
  await transcript.getByText("<img src=x onerror=document.title=1>").waitFor();
  assert.equal(await transcript.locator("img, script, iframe").count(), 0);
  assert.equal(await transcript.getByRole("link", { name: "a trap" }).count(), 0);
  await transcript.getByRole("link", { name: "the manual" }).waitFor();
  await transcript.locator("strong", { hasText: "polite" }).waitFor();

  const box = panel.getByRole("textbox", { name: "Add to the next turn" });
  await box.fill("and short");
  await box.press("Enter");
  await t.until("the box to be empty", async () => (await box.inputValue()) === "");
  await panel.getByRole("group", { name: "Edit greet.lua" }).getByRole("button", { name: "Accept" }).click();
  await panel.getByRole("status").getByText("done").waitFor();
  await t.waitForDisk("greet.lua", 'local function greet(name)\n  print("good day " .. name)\nend\n\nreturn greet\n');

  const goOn = panel.getByRole("textbox", { name: "Go on with this run" });
  await goOn.fill("who are you?");
  await goOn.press("Shift+Enter");
  await goOn.press("Enter");
  await transcript.getByRole("heading", { name: "Turn 3" }).waitFor();
  await transcript.getByText("who are you?").waitFor();
  await panel.getByRole("status").getByText("Turn 3: done").waitFor();
}
