//! What a file is written in, told from its name alone, as the language identifiers of LSP.

/// Names that say more than their extension, compared without regard to case.
const NAMES: &[(&str, &str)] = &[
    (".bash_profile", "shellscript"),
    (".bashrc", "shellscript"),
    (".gitattributes", "gitattributes"),
    (".gitignore", "ignore"),
    (".ignore", "ignore"),
    (".profile", "shellscript"),
    (".zshrc", "shellscript"),
    ("build.bazel", "starlark"),
    ("cargo.lock", "toml"),
    ("cmakelists.txt", "cmake"),
    ("containerfile", "dockerfile"),
    ("dockerfile", "dockerfile"),
    ("gemfile", "ruby"),
    ("gnumakefile", "makefile"),
    ("go.mod", "go.mod"),
    ("jenkinsfile", "groovy"),
    ("justfile", "just"),
    ("makefile", "makefile"),
    ("rakefile", "ruby"),
    ("vagrantfile", "ruby"),
];

/// Extensions, compared without regard to case.
const EXTENSIONS: &[(&str, &str)] = &[
    ("adoc", "asciidoc"),
    ("bash", "shellscript"),
    ("bat", "bat"),
    ("bzl", "starlark"),
    ("c", "c"),
    ("cc", "cpp"),
    ("cjs", "javascript"),
    ("clj", "clojure"),
    ("cljs", "clojure"),
    ("cmake", "cmake"),
    ("cmd", "bat"),
    ("conf", "properties"),
    ("cpp", "cpp"),
    ("cs", "csharp"),
    ("css", "css"),
    ("cts", "typescript"),
    ("cxx", "cpp"),
    ("dart", "dart"),
    ("diff", "diff"),
    ("dockerfile", "dockerfile"),
    ("elm", "elm"),
    ("erl", "erlang"),
    ("ex", "elixir"),
    ("exs", "elixir"),
    ("fs", "fsharp"),
    ("fsx", "fsharp"),
    ("go", "go"),
    ("gql", "graphql"),
    ("gradle", "groovy"),
    ("graphql", "graphql"),
    ("groovy", "groovy"),
    ("h", "c"),
    ("hcl", "hcl"),
    ("hh", "cpp"),
    ("hpp", "cpp"),
    ("hrl", "erlang"),
    ("hs", "haskell"),
    ("htm", "html"),
    ("html", "html"),
    ("hxx", "cpp"),
    ("ini", "ini"),
    ("java", "java"),
    ("jl", "julia"),
    ("js", "javascript"),
    ("json", "json"),
    ("jsonc", "jsonc"),
    ("jsonl", "jsonl"),
    ("jsx", "javascriptreact"),
    ("kt", "kotlin"),
    ("kts", "kotlin"),
    ("less", "less"),
    ("lua", "lua"),
    ("m", "objective-c"),
    ("markdown", "markdown"),
    ("md", "markdown"),
    ("mdx", "mdx"),
    ("mjs", "javascript"),
    ("mk", "makefile"),
    ("ml", "ocaml"),
    ("mli", "ocaml"),
    ("mm", "objective-cpp"),
    ("mts", "typescript"),
    ("nim", "nim"),
    ("nix", "nix"),
    ("patch", "diff"),
    ("php", "php"),
    ("pl", "perl"),
    ("pm", "perl"),
    ("properties", "properties"),
    ("proto", "proto"),
    ("ps1", "powershell"),
    ("psm1", "powershell"),
    ("py", "python"),
    ("pyi", "python"),
    ("r", "r"),
    ("rb", "ruby"),
    ("rs", "rust"),
    ("rst", "restructuredtext"),
    ("sass", "sass"),
    ("scala", "scala"),
    ("scss", "scss"),
    ("sh", "shellscript"),
    ("sql", "sql"),
    ("svelte", "svelte"),
    ("svg", "xml"),
    ("swift", "swift"),
    ("tex", "latex"),
    ("tf", "terraform"),
    ("tfvars", "terraform"),
    ("toml", "toml"),
    ("ts", "typescript"),
    ("tsx", "typescriptreact"),
    ("txt", "plaintext"),
    ("vim", "vim"),
    ("vue", "vue"),
    ("xml", "xml"),
    ("xsd", "xml"),
    ("yaml", "yaml"),
    ("yml", "yaml"),
    ("zig", "zig"),
    ("zsh", "shellscript"),
];

/// The language of the file at `path`, or `None` where the name does not tell.
pub fn language(path: &str) -> Option<&'static str> {
    let name = path.rsplit('/').next()?.to_ascii_lowercase();
    look_up(NAMES, &name).or_else(|| {
        let (_, extension) = name.rsplit_once('.')?;
        look_up(EXTENSIONS, extension)
    })
}

fn look_up(table: &[(&str, &'static str)], key: &str) -> Option<&'static str> {
    let found = table.binary_search_by_key(&key, |&(name, _)| name);
    found.map_or(None, |at| table.get(at).map(|&(_, language)| language))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_in_lower_case() {
        for table in [NAMES, EXTENSIONS] {
            assert!(table.is_sorted_by(|a, b| a.0 < b.0));
            assert!(
                table
                    .iter()
                    .all(|(key, _)| *key == key.to_ascii_lowercase())
            );
        }
    }

    #[test]
    fn a_language_is_told_by_name_first_and_extension_second() {
        let table = [
            ("src/app.rs", Some("rust")),
            ("SRC/APP.RS", Some("rust")),
            ("web/App.tsx", Some("typescriptreact")),
            ("a.b/c.test.ts", Some("typescript")),
            ("CMakeLists.txt", Some("cmake")),
            ("notes.txt", Some("plaintext")),
            ("Makefile", Some("makefile")),
            ("docker/Dockerfile", Some("dockerfile")),
            ("base.Dockerfile", Some("dockerfile")),
            (".bashrc", Some("shellscript")),
            ("a.rs/LICENSE", None),
            ("data.unknown", None),
            ("rs", None),
            ("", None),
        ];
        for (path, expected) in table {
            assert_eq!(language(path), expected, "{path}");
        }
    }
}
