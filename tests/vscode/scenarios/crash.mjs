// The server is killed: it is started again, and what was proposed is still there.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";

const GREET = 'local function greet(name)\n  print("hi " .. name)\nend\n\nreturn greet\n';

export default async function (t) {
  await t.open("greet.lua");
  await t.command("Rummy: Act");
  await t.enter("be polite");
  await t.waitForLenses("Accept", 1);
  const [before, ...more] = servers(t);
  assert.deepEqual(more, []);
  process.kill(before, "SIGKILL");
  await t.until("another server", () => servers(t).some((server) => server !== before));
  await t.showViews();
  const row = await t.waitForRow("Proposals", "greet.lua", "+1");
  await t.waitForLenses("Accept", 1);
  await t.press(row, "Accept");
  await t.waitForDisk("greet.lua", GREET.replace('"hi "', '"good day "'));
}

/** The processes of the extension's server: they are in the host's group. */
function servers({ host }) {
  const listed = execFileSync("ps", ["-axo", "pid=,pgid=,stat=,command="], { encoding: "utf8" });
  return listed
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, group, state, program]) => Number(group) === host.server.pid && !state.startsWith("Z") && program?.endsWith("rummy-lsp"))
    .map(([process]) => Number(process));
}
