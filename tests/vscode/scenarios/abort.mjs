// A run whose model does not come to an end is aborted in the view Runs.

export default async function (t) {
  await t.command("Rummy: Ask");
  await t.enter("tell me everything");
  await t.showViews();
  const row = await t.waitForRow("Runs", "streaming");
  await t.press(row, "Abort Run");
  await t.waitForRow("Runs", "aborted");
}
