//! What the scenarios run in: code-server, Chromium and Node as `tests/run` has installed them, and the
//! extension, packaged from the source and installed once for all scenarios of a test run.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

pub struct Install {
    /// Has `node_modules` with Node, code-server and playwright-core.
    tools: PathBuf,
    chromium: PathBuf,
    extensions: PathBuf,
}

impl Install {
    /// None, with a word about it, where VS Code is not to be tested.
    pub fn get() -> Option<&'static Self> {
        static INSTALL: OnceLock<Install> = OnceLock::new();
        if env::var_os("RUMMY_SKIP_VSCODE").is_some() {
            #[expect(clippy::print_stderr, reason = "says that a test did nothing, and why")]
            {
                eprintln!("skipped: RUMMY_SKIP_VSCODE is set");
            }
            return None;
        }
        Some(INSTALL.get_or_init(Self::make))
    }

    fn make() -> Self {
        let install = Self {
            tools: named("RUMMY_TEST_VSCODE"),
            chromium: named("RUMMY_TEST_CHROMIUM"),
            extensions: Path::new(env!("CARGO_TARGET_TMPDIR")).join("vscode/extensions"),
        };
        install.install_extension();
        install
    }

    pub fn node(&self) -> PathBuf {
        self.tools.join("node_modules/.bin/node")
    }

    /// What a scenario is told of it.
    pub fn environment(&self) -> [(&'static str, OsString); 5] {
        let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("vscode/pictures");
        [
            ("PATH", self.path()),
            ("RUMMY_TEST_VSCODE", self.tools.clone().into()),
            ("RUMMY_TEST_CHROMIUM", self.chromium.clone().into()),
            ("RUMMY_TEST_EXTENSIONS", self.extensions.clone().into()),
            ("RUMMY_TEST_PICTURES", pictures.into()),
        ]
    }

    /// With the Node that code-server was built for in front.
    fn path(&self) -> OsString {
        let bin = self.tools.join("node_modules/.bin");
        let path = env::var_os("PATH").expect("the tests have a PATH");
        env::join_paths([bin].into_iter().chain(env::split_paths(&path)))
            .expect("no folder of PATH has a colon")
    }

    fn install_extension(&self) {
        let home = TempDir::with_prefix("rummy-").expect("a folder can be made");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("editors/vscode");
        let mut npm = Command::new("npm");
        npm.current_dir(&source)
            .args(["run", "package", "--silent"]);
        self.succeed(npm);

        let mut code = Command::new(self.node());
        code.arg(
            self.tools
                .join("node_modules/code-server/out/node/entry.js"),
        )
        .arg("--install-extension")
        .arg(source.join("out/rummy-lsp.vsix"))
        .arg("--force")
        .arg("--extensions-dir")
        .arg(&self.extensions)
        .arg("--user-data-dir")
        .arg(home.path().join("code"))
        .env("HOME", home.path())
        .env("XDG_CONFIG_HOME", home.path().join("config"));
        self.succeed(code);
    }

    fn succeed(&self, mut command: Command) {
        let output = command
            .env("PATH", self.path())
            .output()
            .unwrap_or_else(|error| panic!("{command:?}: {error}; `tests/run` installs it"));
        let said = String::from_utf8_lossy(&output.stdout);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command:?}\n{said}\n{complaint}");
    }
}

fn named(variable: &str) -> PathBuf {
    let path = env::var_os(variable).map(PathBuf::from);
    path.filter(|path| path.exists()).unwrap_or_else(|| {
        panic!("{variable} names nothing that exists: `tests/run` installs VS Code, and says where; RUMMY_SKIP_VSCODE=1 leaves it out")
    })
}
