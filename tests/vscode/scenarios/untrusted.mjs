// In a folder that is not trusted nothing runs; once it is trusted everything does.

export default async function (t) {
  await t.showViews();
  await t.pane("Runs").getByText("Rummy starts only in a trusted folder").waitFor();
  await t.command("Rummy: Act");
  await t.toast("This workspace is not trusted").waitFor();

  await t.command("Workspaces: Manage Workspace Trust");
  await t.page.locator(".workspace-trust-editor .monaco-button").filter({ hasText: /^Trust$/ }).click();
  await t.page.locator("[id='status.workspaceTrust']").waitFor({ state: "detached" });
  await t.command("Rummy: Act");
  await t.enter("be polite");
  await t.waitForRow("Proposals", "greet.lua", "+1");
}
