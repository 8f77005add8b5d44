// What a command prints is seen in a terminal of its run; Ctrl+C there ends the command, and the run goes on.

export default async function (t) {
  await t.command("Rummy: Act");
  await t.enter("watch it");
  await t.pressInToast("wants to run: echo watching; sleep 600", "Review…");
  await t.pressInDialog("echo watching; sleep 600", "Run");
  await t.waitForTerminal("$ echo watching; sleep 600\nwatching");

  await t.page.locator(".terminal-wrapper.active .xterm-screen").click();
  await t.page.keyboard.press("Control+c");
  await t.showViews();
  await t.waitForRow("Runs", "done");
}
