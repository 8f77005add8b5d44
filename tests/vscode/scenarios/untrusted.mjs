// In a folder that is not trusted nothing runs; once it is trusted everything does.

export default async function (t) {
  await t.page.locator("[id='status.workspaceTrust']").waitFor();
  await t.showViews();
  await t.pane("Runs").getByText("trust", { exact: false }).first().waitFor();
  await t.command("Rummy: Act");
  const box = t.quickInput.locator("input.input");
  const told = t.page.locator(".notification-list-item, .monaco-dialog-box").first();
  await told.or(box.and(t.page.locator("[placeholder^='What is to be done']"))).first().waitFor();
  if (await box.isVisible()) await t.enter("be polite");
  await told.waitFor();
  await t.page.keyboard.press("Escape");

  await t.command("Workspaces: Manage Workspace Trust");
  await t.page.locator(".workspace-trust-editor .monaco-button").filter({ hasText: /^Trust$/ }).click();
  await t.page.locator("[id='status.workspaceTrust']").waitFor({ state: "detached" });
  await t.command("Rummy: Act");
  await t.enter("be polite");
  await t.waitForRow("Proposals", "greet.lua", "+1");
}
