//! An entry as one run sees it: the content and the run's view of it in one flat value.

use serde_json::{Map, Value};

use super::{EntryPath, LoopId, Outcome, RunStatus, Scheme, TurnNumber, words};

/// An entry's attributes: a JSON object, keys in the order in which they were written.
pub type Attributes = Map<String, Value>;

/// The row id of an entry's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryId(pub i64);

/// The row id of a run's view of an entry. Grows with every entry that a run comes to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ViewId(pub i64);

words! {
    /// What has become of an entry.
    pub enum State ("state") {
        /// Waits for the user's word.
        Proposed = "proposed",
        /// Still being written.
        Streaming = "streaming",
        Resolved = "resolved",
        Failed = "failed",
        Cancelled = "cancelled",
    }
}

words! {
    /// How much of an entry the model is shown.
    pub enum Visibility ("visibility") {
        /// The whole body.
        Visible = "visible",
        /// A line or a few: what the entry is, not what it says.
        Summarized = "summarized",
        /// Nothing; patterns and `get` still find it.
        Archived = "archived",
    }
}

/// An entry of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub view: ViewId,
    pub id: EntryId,
    pub path: EntryPath,
    pub body: String,
    pub attributes: Attributes,
    pub state: State,
    pub outcome: Option<Outcome>,
    pub visibility: Visibility,
    /// The turn that wrote or promoted it last; none before the first turn.
    pub turn: Option<TurnNumber>,
    pub in_loop: Option<LoopId>,
    /// The number of the run's change that touched it last.
    pub changed: i64,
}

impl Entry {
    /// The scheme of its path.
    pub fn scheme(&self) -> Scheme {
        self.path.scheme()
    }

    /// The numeric status that stands for the entry's state in packets and notifications: the
    /// outcome's code where there is one, else the state's.
    pub fn status(&self) -> u16 {
        match (self.state, &self.outcome) {
            (State::Failed | State::Cancelled, Some(outcome)) => outcome.code(),
            (State::Resolved, _) => 200,
            (State::Proposed, _) => RunStatus::Waiting.code(),
            (State::Streaming, _) => RunStatus::Running.code(),
            (State::Cancelled, None) => RunStatus::Aborted.code(),
            (State::Failed, None) => RunStatus::Failed.code(),
        }
    }

    /// The status that is shown of it: the one that an `<update>` gave, else its own.
    pub fn shown_status(&self) -> u64 {
        let given = self.attributes.get("status").and_then(Value::as_u64);
        match (self.state, given) {
            (State::Resolved, Some(status)) => status,
            _ => self.status().into(),
        }
    }

    /// What the command that it records was about: a path, a command line, a question.
    pub fn about(&self) -> Option<&str> {
        ["path", "command", "question"]
            .into_iter()
            .find_map(|name| self.text(name))
    }

    /// An attribute that is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).and_then(Value::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(state: State, outcome: Option<&str>) -> Entry {
        Entry {
            view: ViewId(1),
            id: EntryId(1),
            path: EntryPath::parse("log://turn_1/sh/x").unwrap(),
            body: String::new(),
            attributes: Attributes::new(),
            state,
            outcome: outcome.map(|text| text.parse().unwrap()),
            visibility: Visibility::Visible,
            turn: None,
            in_loop: None,
            changed: 1,
        }
    }

    #[test]
    fn the_status_of_an_entry_is_its_outcomes_code_and_without_one_its_states() {
        for (state, outcome, status) in [
            (State::Resolved, None, 200),
            (State::Resolved, Some("partial"), 200),
            (State::Resolved, Some("exit:127"), 200),
            (State::Proposed, None, 202),
            (State::Streaming, None, 102),
            (State::Cancelled, None, 499),
            (State::Cancelled, Some("aborted"), 499),
            (State::Cancelled, Some("interrupted"), 499),
            (State::Failed, None, 500),
            (State::Failed, Some("permission"), 403),
            (State::Failed, Some("readonly"), 403),
            (State::Failed, Some("not_found"), 404),
            (State::Failed, Some("conflict"), 409),
            (State::Failed, Some("overflow:1234"), 413),
            (State::Failed, Some("validation"), 422),
            (State::Failed, Some("cycle"), 429),
            (State::Failed, Some("exit:127"), 500),
            (State::Failed, Some("error"), 500),
            (State::Failed, Some("status:413"), 500),
            (State::Failed, Some("404 lines were lost"), 500),
        ] {
            assert_eq!(
                entry(state, outcome).status(),
                status,
                "{state} {outcome:?}"
            );
        }
    }

    #[test]
    fn an_update_shows_the_status_that_it_gave_unless_it_was_refused() {
        let mut update = entry(State::Resolved, None);
        update.attributes.insert("status".to_owned(), 145.into());
        assert_eq!(update.shown_status(), 145);
        update.state = State::Failed;
        assert_eq!(update.shown_status(), 500);
    }

    #[test]
    fn a_word_that_is_no_state_and_no_visibility_is_refused_by_name() {
        for word in [
            "full", "summary", "index", "archive", "promoted", "demoted", "",
        ] {
            let expected = format!(
                "unknown visibility \"{word}\": expected one of visible, summarized, archived"
            );
            assert_eq!(
                word.parse::<Visibility>().unwrap_err().to_string(),
                expected
            );
        }
        assert!("done".parse::<State>().is_err());
        assert!("Resolved".parse::<State>().is_err());
    }
}
