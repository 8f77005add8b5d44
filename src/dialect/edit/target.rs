//! What the name of the file says about a body that is written to it.

/// Extensions of programs and of what is written beside them.
const CODE: [&str; 54] = [
    "rs", "py", "pyi", "js", "mjs", "cjs", "jsx", "ts", "tsx", "mts", "cts", "go", "java", "kt",
    "kts", "c", "h", "cc", "cpp", "cxx", "hpp", "cs", "rb", "php", "swift", "scala", "sh", "bash",
    "zsh", "fish", "ksh", "lua", "pl", "pm", "r", "jl", "dart", "ex", "exs", "erl", "hs", "ml",
    "fs", "clj", "lisp", "el", "zig", "nim", "css", "scss", "less", "html", "vue", "svelte",
];

/// The path that a body is written to, as far as it is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'p> {
    path: Option<&'p str>,
}

impl<'p> Target<'p> {
    pub(super) const fn of(path: Option<&'p str>) -> Self {
        Self { path }
    }

    /// Whether a text there may show edits in its fences: Markdown and its kin, and the notes that
    /// are no files.
    pub(super) fn is_markdown(self) -> bool {
        self.path.is_some_and(is_markdown)
    }

    /// Whether a diff there is a text.
    pub(super) fn is_diff(self) -> bool {
        self.has_extension(&["diff", "patch", "rej"])
    }

    /// Whether a text there is made of tags.
    pub(super) fn is_markup(self) -> bool {
        self.has_extension(&[
            "xml", "xsd", "xsl", "html", "htm", "svg", "vue", "svelte", "jsx", "tsx", "php",
            "config", "plist", "csproj",
        ])
    }

    /// Whether a text there is a program or made of markup, whose whole is never an edit.
    pub(super) fn is_code(self) -> bool {
        self.has_extension(&CODE)
    }

    /// Whether a text there may be a command line.
    pub(super) fn is_shell(self) -> bool {
        self.has_extension(&["sh", "bash", "zsh", "fish", "ksh"])
    }

    /// Whether a text there may begin with a Markdown fence: no program does, and no data.
    pub(super) fn may_begin_with_fence(self) -> bool {
        !self.is_code()
            && !self.has_extension(&["json", "jsonc", "yaml", "yml", "toml", "ini", "sql", "csv"])
    }

    pub(super) fn is_sed_script(self) -> bool {
        self.has_extension(&["sed"])
    }

    /// Whether `name` is this file, in full or in the last segments.
    pub(super) fn is(self, name: &str) -> bool {
        self.path.is_some() && name.len() > 2 && self.can_be(name)
    }

    /// Whether `name` may be this file: of two paths, one ends the other.
    pub(super) fn can_be(self, name: &str) -> bool {
        let segments = |path: &'p str| path.rsplit('/').filter(|part| !matches!(*part, "" | "."));
        let named = name.rsplit('/').filter(|part| !matches!(*part, "" | "."));
        self.path
            .is_none_or(|path| segments(path).zip(named).all(|(own, other)| own == other))
    }

    fn has_extension(self, extensions: &[&str]) -> bool {
        let extension = self.path.and_then(extension);
        extension.is_some_and(|it| {
            extensions
                .iter()
                .any(|known| it.eq_ignore_ascii_case(known))
        })
    }
}

/// Whether a path is that of Markdown, of its kin, or of a note that is no file.
pub(in crate::dialect) fn is_markdown(path: &str) -> bool {
    const EXTENSIONS: [&str; 9] = [
        "md", "markdown", "mdx", "mkd", "qmd", "rmd", "rst", "adoc", "txt",
    ];
    path.contains("://")
        || extension(path).is_some_and(|it| {
            EXTENSIONS
                .iter()
                .any(|known| it.eq_ignore_ascii_case(known))
        })
}

fn extension(path: &str) -> Option<&str> {
    let name = path.rsplit('/').next()?;
    name.rsplit_once('.').map(|(_, extension)| extension)
}
