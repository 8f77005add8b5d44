//! What the model is told about what was forgiven.

use super::super::body::Repair;
use super::super::command::{Call, Tool};
use super::super::tag::Flaw;

/// The tags that do what calls do: "`<set>` and `<mv>`".
pub(super) fn tags(calls: &[Call]) -> String {
    let names: Vec<String> = calls
        .iter()
        .map(|call| ["`<", call.tool().name(), ">`"].concat())
        .collect();
    names.join(" and ")
}

pub(super) fn patch(calls: &[Call]) -> String {
    format!(
        "Patch of whole files run as {}: write a command for each file.",
        tags(calls)
    )
}

pub(super) fn flaw(flaw: Flaw, tool: Tool) -> String {
    let name = tool.name();
    match flaw {
        Flaw::OpenQuote => format!(
            "Unbalanced quote in `<{name}>` repaired: close every attribute value with the quote \
             that opened it."
        ),
        Flaw::InnerQuote => format!(
            "Quote inside a quoted value of `<{name}>` repaired: put such a value between single \
             quotes, write `&quot;`, or use the body of the tag."
        ),
        Flaw::NoEnd => format!("Missing `>` of `<{name}>` repaired: end every tag with `>`."),
    }
}

pub(super) fn repair(repair: &Repair, tool: Tool) -> String {
    let name = tool.name();
    match repair {
        Repair::WrongCloser(wrong) => {
            format!("Mismatched `</{wrong}>` corrected: `<{name}>` is closed by `</{name}>`.")
        }
        Repair::NextTag => format!(
            "Unclosed `<{name}>` recovered: it was ended where the next tag began; write \
             `</{name}>`, or `/>` where there is no body."
        ),
        Repair::EndOfText => format!(
            "Unclosed `<{name}>` captured: its body went on to the end of the answer; write \
             `</{name}>`, or `/>` where there is no body."
        ),
        Repair::FencedCloser => format!(
            "Unbalanced Markdown fence in `<{name}>`: the `</{name}>` inside the fence was taken \
             for its closer."
        ),
    }
}

/// About a closer of nothing. `earlier` is the line on which a closer of that name ended a body.
pub(super) fn stray(name: &str, earlier: Option<usize>) -> String {
    let message = format!("Stray `</{name}>` ignored: nothing was open there.");
    match earlier {
        None => message,
        Some(line) => format!(
            "{message} The `<{name}>` before it ended at the `</{name}>` of line {line}; where that \
             one was text, what follows it is missing from the body."
        ),
    }
}

pub(super) fn own_opener(tool: Tool) -> String {
    let name = tool.name();
    format!(
        "`<{name}>` in the body of another `<{name}>` was taken for text of it: write `</{name}>` \
         before the next one begins."
    )
}

/// More commands than this are not named one by one.
const MAX_NAMED: usize = 8;

/// About the calls in a thought that only its closer shows.
pub(super) fn unopened(closer: &str, calls: &[Call]) -> String {
    format!(
        "`{closer}` closes a thought that nothing opened: all before it was read as thought, and \
         not run: {}.",
        named(calls)
    )
}

fn named(calls: &[Call]) -> String {
    let named = calls.iter().take(MAX_NAMED).map(|call| {
        let target = call.target().lines().next().unwrap_or("");
        let target: String = target.chars().take(MAX_TARGET).collect();
        format!("`{}`", [call.tool().name(), &target].join(" ").trim())
    });
    let named: Vec<String> = named.collect();
    let others = match calls.len().saturating_sub(MAX_NAMED) {
        0 => String::new(),
        others => format!(" and {others} more"),
    };
    named.join(", ") + &others
}

/// Signs of a target that are shown.
const MAX_TARGET: usize = 60;

pub(super) fn commented(name: &str) -> String {
    format!(
        "`<{name}>` in an HTML comment was not run: write a command that is meant outside of it."
    )
}

pub(super) fn other_thought(name: &str, calls: &[Call]) -> String {
    if calls.is_empty() {
        return format!("`<{name}>` read as `<think>`: think there.");
    }
    format!(
        "`<{name}>` read as `<think>`, and not run: {}. Think there.",
        named(calls)
    )
}

pub(super) fn results(name: &str) -> String {
    format!(
        "`<{name}>` in an answer is text, and nothing in it was run: results come from the system."
    )
}

pub(super) fn end_of_turn(token: &str) -> String {
    format!("`{token}` ended the answer: what follows it was not read.")
}

/// About edits that stand where none are made.
pub(super) const LOST_EDIT: &str = "Edit outside of any tag not made: write it between \
                                    `<set path=\"…\">` and `</set>`.";

pub(super) fn escaped(name: &str) -> String {
    format!("`&lt;{name}` is text and was not run: write `<{name}` as it is.")
}
