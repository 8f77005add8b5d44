//! The entry contract as types: what an entry is, who may write it, what can become of it.
//!
//! Everything the model knows is an [`Entry`]: a path, a body, attributes, a state, a visibility.
//! There is no message history beside the entries. Nothing here reads a file, a database or a
//! model; these types are what all other modules agree on.
//!
//! **Invariant.** A value of one of these types is valid: an [`EntryPath`] is normalised and short
//! enough to be stored, a [`RunAlias`] matches its grammar, an [`Outcome`] has one code. Text from
//! outside is checked once, where it is parsed into them.

mod entry;
mod outcome;
mod path;
pub mod proposal;
mod run;
mod scheme;

pub use entry::{Attributes, Entry, EntryId, State, ViewId, Visibility};
pub use outcome::Outcome;
pub use path::{EntryPath, PathError, TARGET_LIMIT};
pub use proposal::{Action, Decision, Effect, Hunk, Proposal, TextChange};
pub use run::{
    AliasError, AutoAccept, Executor, LoopId, Mode, Phase, ProjectId, Review, RunAlias, RunId,
    RunStatus, TurnNumber,
};
pub use scheme::{Category, Scheme, ScopeKind, Writer};

/// A word that is not one of the words a closed list knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {kind} \"{word}\": expected one of {expected}")]
pub struct UnknownWord {
    pub kind: &'static str,
    pub word: String,
    pub expected: String,
}

/// Defines an enum whose variants are the words of a closed list, as stored, sent and read.
macro_rules! words {
    (
        $(#[$meta:meta])* $vis:vis enum $name:ident ($kind:literal) {
            $( $(#[$vmeta:meta])* $variant:ident = $word:literal, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord,
                 serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        $vis enum $name { $( $(#[$vmeta])* #[serde(rename = $word)] $variant, )+ }

        impl $name {
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )+ ];

            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $word, )+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::entries::UnknownWord;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word {
                    $( $word => Ok(Self::$variant), )+
                    _ => Err($crate::entries::UnknownWord {
                        kind: $kind,
                        word: word.to_owned(),
                        expected: [ $( $word ),+ ].join(", "),
                    }),
                }
            }
        }
    };
}
pub(crate) use words;
