// VS Code as code-server with a headless Chromium in front of it. Both end with the scenario, however it
// ends: the browser and the server each notice that this process is gone.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import path from "node:path";

const modules = path.join(process.env.RUMMY_TEST_VSCODE, "node_modules");
const { chromium } = createRequire(path.join(modules, "any.js"))("playwright-core");

/** Milliseconds that any step may take. Far more than it takes, for machines under load. */
export const STEP_MS = 60_000;

const BROWSER = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

export class Host {
  said = "";

  static async start() {
    const host = new Host();
    try {
      [host.browser] = await Promise.all([
        chromium.launch({ executablePath: process.env.RUMMY_TEST_CHROMIUM, args: BROWSER }),
        host.serve(),
      ]);
    } catch (error) {
      await host.stop();
      throw error;
    }
    return host;
  }

  /** Starts the server, and waits for the address that it says. */
  async serve() {
    const data = path.join(process.env.HOME, "code");
    // Nothing but this machine is reached, also by the server.
    const env = { ...process.env, EXTENSIONS_GALLERY: '{"serviceUrl":"http://127.0.0.1:0"}' };
    this.server = spawn(
      process.execPath,
      [
        path.join(modules, "code-server/out/node/entry.js"),
        ...["--auth", "none", "--bind-addr", "127.0.0.1:0"],
        ...["--disable-telemetry", "--disable-update-check", "--user-data-dir", data],
        ...["--extensions-dir", process.env.RUMMY_TEST_EXTENSIONS],
      ],
      { cwd: process.cwd(), env, detached: true, stdio: ["ignore", "pipe", "pipe"] },
    );
    this.exit = once(this.server, "exit");
    process.once("exit", () => this.kill());
    const address = new Promise((resolve, reject) => {
      const take = (text) => {
        this.said += text;
        const [, found] = /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(this.said) ?? [];
        if (found) resolve(found);
      };
      this.server.stdout.setEncoding("utf8").on("data", take);
      this.server.stderr.setEncoding("utf8").on("data", take);
      this.exit.then(() => reject(new Error(`code-server has ended: ${this.said}`)));
    });
    this.address = await address;
  }

  /** Opens a window on the folder, or on a workspace file in it. */
  async open({ size = { width: 1280, height: 800 }, workspace } = {}) {
    const context = await this.browser.newContext({ viewport: size, reducedMotion: "reduce" });
    const page = await context.newPage();
    page.setDefaultTimeout(STEP_MS);
    const opened = workspace ? { workspace: path.resolve(workspace) } : { folder: process.cwd() };
    await page.goto(`${this.address}/?${new URLSearchParams(opened)}`);
    return page;
  }

  async stop() {
    await this.browser?.close();
    this.kill();
    await this.exit;
  }

  /** Ends the server with all that it has started: it leads a group of processes. */
  kill() {
    if (this.server?.exitCode === null && this.server.signalCode === null) {
      process.kill(-this.server.pid, "SIGKILL");
    }
  }
}
