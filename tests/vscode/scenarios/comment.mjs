// A comment at a hunk is the reason of its rejection; the other hunk waits on.

const GREET = 'local function greet(name)\n  print("hi " .. name)\nend\n\nreturn greet\n';

export default async function (t) {
  await t.open("greet.lua");
  await t.command("Rummy: Act");
  await t.enter("be polite");
  await t.waitForLenses("Accept", 2);

  await t.goToLine(5);
  await t.command("Comments: Add Comment on Current Selection");
  const comment = t.page.locator(".review-widget");
  await comment.locator(".monaco-editor").first().waitFor();
  await t.page.keyboard.type("it returns nothing else");
  await comment.locator(".monaco-button").filter({ hasText: "Reject" }).click();
  await comment.waitFor({ state: "detached" });
  await t.waitForLenses("Accept", 1);

  await t.pressLens("Accept");
  await t.waitForDisk("greet.lua", GREET.replace('"hi "', '"good day "'));
  await t.showViews();
  await t.waitForRow("Runs", "done");
}
