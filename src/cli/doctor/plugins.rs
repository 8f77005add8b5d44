//! The editors' plugins: where each is usually installed, and which version of the protocol it speaks.
//! An editor may load one from elsewhere; then its server says at the start whether they go together.

use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::lsp::{PROTOCOL_VERSION, speaks_our_protocol};

/// What makes a folder Neovim's plugin, and says its version.
const CLIENT: &str = "lua/rummy/client.lua";
const VERSION: &str = "local PROTOCOL_VERSION = ";

/// Where that lies in a checkout.
const IN_CHECKOUT: &str = "editors/nvim";

/// The folders of extensions below the home folder: VS Code's, its servers' and its kin's.
const EXTENSIONS: [&str; 6] = [
    ".vscode/extensions",
    ".vscode-insiders/extensions",
    ".vscode-oss/extensions",
    ".vscode-server/extensions",
    ".cursor/extensions",
    ".local/share/code-server/extensions",
];

/// A plugin that is installed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plugin {
    place: PathBuf,
    /// None where it says none.
    version: Option<String>,
}

impl Plugin {
    pub(super) fn goes_with_this_server(&self) -> bool {
        self.version.as_deref().is_some_and(speaks_our_protocol)
    }
}

impl fmt::Display for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place.display();
        match &self.version {
            Some(version) => write!(f, "{version} in {place}"),
            None => write!(f, "of no version in {place}"),
        }?;
        if !self.goes_with_this_server() {
            write!(f, "; this server speaks protocol {PROTOCOL_VERSION}")?;
            f.write_str(". Install versions that go together")?;
        }
        Ok(())
    }
}

/// The folders that plugins are looked for below.
pub(super) struct Places {
    home: PathBuf,
    config: PathBuf,
    data: PathBuf,
    /// This program's own file: it may lie in a checkout that has a plugin.
    program: Option<PathBuf>,
}

impl Places {
    /// Those of this process; none where it has no home.
    pub(super) fn usual() -> Option<Self> {
        let variable = |name| env::var_os(name).filter(|value| !value.is_empty());
        let home = PathBuf::from(variable("HOME")?);
        let xdg =
            |name, usual: &str| variable(name).map_or_else(|| home.join(usual), PathBuf::from);
        Some(Self {
            config: xdg("XDG_CONFIG_HOME", ".config"),
            data: xdg("XDG_DATA_HOME", ".local/share"),
            program: env::current_exe().into_iter().next(),
            home,
        })
    }

    /// Neovim's: in its packages, in the folders of plugin managers, beside this program.
    pub(super) fn neovim(&self) -> Vec<Plugin> {
        let (config, data) = (self.config.join("nvim"), self.data.join("nvim"));
        let packs = [config.join("pack"), data.join("site/pack")];
        let packs = packs.iter().flat_map(|packs| children(packs));
        let mut folders: Vec<PathBuf> = packs
            .flat_map(|pack| [pack.join("start"), pack.join("opt")])
            .chain([data.join("lazy"), data.join("plugged")])
            .flat_map(|managed| children(&managed))
            .collect();
        folders.push(config);
        let program = self.program.iter().flat_map(|file| file.ancestors());
        folders.extend(program.skip(1).map(Path::to_owned));
        let found = folders.iter().filter_map(|folder| {
            let within = [folder.clone(), folder.join(IN_CHECKOUT)];
            within.into_iter().find_map(|place| {
                let Ok(text) = fs::read_to_string(place.join(CLIENT)) else {
                    return None;
                };
                let version = text.lines().find_map(|line| line.strip_prefix(VERSION));
                let version = version.map(|version| version.trim().trim_matches('"').to_owned());
                Some(Plugin { place, version })
            })
        });
        found.collect()
    }

    /// VS Code's and its kin's.
    pub(super) fn vscode(&self) -> Vec<Plugin> {
        let folders = EXTENSIONS
            .iter()
            .flat_map(|place| children(&self.home.join(place)));
        let ours = folders.filter(|place| {
            let name = place.file_name().map(|name| name.to_string_lossy());
            name.is_some_and(|name| name.contains("rummy"))
        });
        let found = ours.filter_map(|place| {
            let Ok(text) = fs::read_to_string(place.join("package.json")) else {
                return None;
            };
            let version = match serde_json::from_str(&text) {
                Ok(Manifest { version }) => version,
                Err(_) => None,
            };
            Some(Plugin { place, version })
        });
        found.collect()
    }
}

/// Of an extension's `package.json`.
#[derive(Deserialize)]
struct Manifest {
    version: Option<String>,
}

/// What lies in a folder, by name; nothing where there is no such folder.
fn children(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A home with these files, and the plugins that are found there, with the home as `~`.
    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path();
        for (path, text) in files {
            let file = home.join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let places = Places {
            home: home.to_owned(),
            config: home.join("config"),
            data: home.join("data"),
            program: Some(home.join("checkout/target/release/rummy-lsp")),
        };
        let all = places.neovim().into_iter().chain(places.vscode());
        let told = all.map(|plugin| plugin.to_string().replace(home.to_str().unwrap(), "~"));
        told.collect()
    }

    const LUA: &str = "local M = {}\nlocal PROTOCOL_VERSION = \"2.1.0\"\nreturn M\n";

    #[test]
    fn a_plugin_is_found_wherever_it_is_usually_installed() {
        for (file, text, told) in [
            (
                "data/nvim/site/pack/mine/start/rummy/lua/rummy/client.lua",
                LUA,
                "2.1.0 in ~/data/nvim/site/pack/mine/start/rummy",
            ),
            (
                "config/nvim/pack/mine/opt/x/lua/rummy/client.lua",
                LUA,
                "2.1.0 in ~/config/nvim/pack/mine/opt/x",
            ),
            (
                "config/nvim/lua/rummy/client.lua",
                LUA,
                "2.1.0 in ~/config/nvim",
            ),
            (
                "data/nvim/lazy/rummy-lsp/editors/nvim/lua/rummy/client.lua",
                LUA,
                "2.1.0 in ~/data/nvim/lazy/rummy-lsp/editors/nvim",
            ),
            (
                "checkout/editors/nvim/lua/rummy/client.lua",
                LUA,
                "2.1.0 in ~/checkout/editors/nvim",
            ),
            (
                ".vscode/extensions/x.rummy-2.0.3/package.json",
                r#"{"version": "2.0.3"}"#,
                "2.0.3 in ~/.vscode/extensions/x.rummy-2.0.3",
            ),
            (
                ".local/share/code-server/extensions/rummy/package.json",
                r#"{"version": "2.0.3"}"#,
                "2.0.3 in ~/.local/share/code-server/extensions/rummy",
            ),
        ] {
            assert_eq!(found(&[(file, text)]), [told], "{file}");
        }
        let others = [
            ("data/nvim/lazy/other/lua/other.lua", LUA),
            (".vscode/extensions/other/package.json", "{}"),
        ];
        assert_eq!(found(&others), <[&str; 0]>::default());
    }

    #[test]
    fn a_plugin_of_another_major_version_or_of_none_does_not_go_with_the_server() {
        let asks = format!(
            "; this server speaks protocol {PROTOCOL_VERSION}. Install versions that go together"
        );
        for (text, told) in [
            (
                "local PROTOCOL_VERSION = \"1.9.0\"\n",
                "1.9.0 in ~/config/nvim",
            ),
            ("return {}\n", "of no version in ~/config/nvim"),
        ] {
            let seen = found(&[("config/nvim/lua/rummy/client.lua", text)]);
            assert_eq!(seen, [format!("{told}{asks}")]);
        }
        let seen = found(&[(".cursor/extensions/rummy/package.json", "half a {")]);
        assert_eq!(
            seen,
            [format!("of no version in ~/.cursor/extensions/rummy{asks}")]
        );
    }
}
