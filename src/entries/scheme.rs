//! The schemes: what kinds of entry there are, and who may write each.
//!
//! A path's scheme decides everything about it; no caller can choose otherwise. The store asks
//! [`Scheme::permits`] for every verb and every branch.

use super::{Visibility, words};

words! {
    /// Who writes. Membership is literal: no writer stands above another.
    pub enum Writer ("writer") {
        Model = "model",
        Plugin = "plugin",
        Client = "client",
        System = "system",
    }
}

words! {
    /// Which part of the packet an entry belongs to.
    pub enum Category ("category") {
        Data = "data",
        Logging = "logging",
        Unknown = "unknown",
        Prompt = "prompt",
        /// Kept for people; never shown to the model.
        Audit = "audit",
    }
}

words! {
    /// Whose an entry's content is.
    pub enum ScopeKind ("scope") {
        Run = "run",
        Project = "project",
        Global = "global",
    }
}

words! {
    /// The scheme of an entry; bare paths are files.
    pub enum Scheme ("scheme") {
        File = "file",
        Known = "known",
        Unknown = "unknown",
        Skill = "skill",
        Prompt = "prompt",
        Log = "log",
        Run = "run",
        Sh = "sh",
        Env = "env",
        Http = "http",
        Https = "https",
        Mcp = "mcp",
        System = "system",
        User = "user",
        Assistant = "assistant",
        Reasoning = "reasoning",
        Model = "model",
    }
}

impl Scheme {
    /// Which part of the packet its entries belong to.
    pub const fn category(self) -> Category {
        match self {
            Self::File
            | Self::Known
            | Self::Skill
            | Self::Sh
            | Self::Env
            | Self::Http
            | Self::Https
            | Self::Mcp => Category::Data,
            Self::Unknown => Category::Unknown,
            Self::Prompt => Category::Prompt,
            Self::Log | Self::Run => Category::Logging,
            Self::System | Self::User | Self::Assistant | Self::Reasoning | Self::Model => {
                Category::Audit
            }
        }
    }

    /// Who may write bodies, states and attributes, and remove.
    pub const fn writers(self) -> &'static [Writer] {
        match self {
            Self::Known | Self::Unknown | Self::Skill => {
                &[Writer::Model, Writer::Plugin, Writer::Client]
            }
            Self::File => &[Writer::Model, Writer::Plugin],
            Self::Run => &[Writer::System, Writer::Plugin, Writer::Client],
            Self::Log => &[Writer::System, Writer::Plugin],
            Self::Prompt | Self::Sh | Self::Env | Self::Http | Self::Https | Self::Mcp => {
                &[Writer::Plugin]
            }
            Self::System | Self::User | Self::Assistant | Self::Reasoning | Self::Model => {
                &[Writer::System]
            }
        }
    }

    /// Whether this writer is one of [`Self::writers`].
    pub fn permits(self, writer: Writer) -> bool {
        self.writers().contains(&writer)
    }

    /// Who may change how much of it is shown: its writers, the user, and the model for what it
    /// is shown, because managing its own context is its work. The prompt is not the model's to
    /// hide.
    pub fn permits_visibility(self, writer: Writer) -> bool {
        self.permits(writer)
            || writer == Writer::Client
            || (writer == Writer::Model && self.shown_to_model() && self != Self::Prompt)
    }

    /// Whether its entries can be part of the packet at all.
    pub const fn shown_to_model(self) -> bool {
        !matches!(self.category(), Category::Audit) && !matches!(self, Self::Run)
    }

    pub const fn scope(self) -> ScopeKind {
        ScopeKind::Run
    }

    /// The visibility of an entry whose writer names none.
    pub const fn default_visibility(self) -> Visibility {
        match (self, self.category()) {
            (Self::Skill, _) | (_, Category::Prompt | Category::Unknown | Category::Logging) => {
                Visibility::Visible
            }
            (_, Category::Data) => Visibility::Summarized,
            (_, Category::Audit) => Visibility::Archived,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_writers_of_each_scheme_are_the_documented_ones() {
        let writers = |scheme: Scheme| {
            let mut names: Vec<_> = scheme.writers().iter().map(|w| w.as_str()).collect();
            names.sort_unstable();
            names.join(" ")
        };
        let table: Vec<String> = Scheme::ALL
            .iter()
            .map(|scheme| format!("{scheme}: {}", writers(*scheme)))
            .collect();
        expect_test::expect![[r"
            file: model plugin
            known: client model plugin
            unknown: client model plugin
            skill: client model plugin
            prompt: plugin
            log: plugin system
            run: client plugin system
            sh: plugin
            env: plugin
            http: plugin
            https: plugin
            mcp: plugin
            system: system
            user: system
            assistant: system
            reasoning: system
            model: system"]]
        .assert_eq(&table.join("\n"));
    }

    #[test]
    fn the_category_of_a_scheme_says_where_its_entries_are_shown() {
        let row = |scheme: &Scheme| {
            let shown = if scheme.shown_to_model() {
                "shown"
            } else {
                "hidden"
            };
            let (category, default) = (scheme.category(), scheme.default_visibility());
            format!("{scheme}: {category}, {shown}, {default}")
        };
        let table: Vec<String> = Scheme::ALL.iter().map(row).collect();
        expect_test::expect![[r"
            file: data, shown, summarized
            known: data, shown, summarized
            unknown: unknown, shown, visible
            skill: data, shown, visible
            prompt: prompt, shown, visible
            log: logging, shown, visible
            run: logging, hidden, visible
            sh: data, shown, summarized
            env: data, shown, summarized
            http: data, shown, summarized
            https: data, shown, summarized
            mcp: data, shown, summarized
            system: audit, hidden, archived
            user: audit, hidden, archived
            assistant: audit, hidden, archived
            reasoning: audit, hidden, archived
            model: audit, hidden, archived"]]
        .assert_eq(&table.join("\n"));
    }

    #[test]
    fn the_model_may_tidy_what_it_sees_but_not_its_prompt_or_the_audit() {
        assert!(Scheme::Log.permits_visibility(Writer::Model));
        assert!(Scheme::Sh.permits_visibility(Writer::Model));
        assert!(!Scheme::Prompt.permits_visibility(Writer::Model));
        assert!(!Scheme::System.permits_visibility(Writer::Model));
        assert!(!Scheme::Run.permits_visibility(Writer::Model));
    }
}
