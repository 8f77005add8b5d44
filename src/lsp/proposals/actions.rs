//! What a person can do about a pending proposal: code actions, code lenses and hovers, and the
//! diagnostics that mark its place.

use serde_json::{Value, json};

use super::show::{Item, Shown, ShownRun};
use super::view::{HunkView, Standing, in_a_line, title};
use crate::entries::Effect;
use crate::lsp::documents::{Documents, last_line};
use crate::lsp::methods::{
    Method, accept::Accept, answer::Answer, confirm::Confirm, diff::Diff, reject::Reject,
};
use crate::lsp::types::{
    CodeAction, CodeActionKind, CodeLens, Command, Diagnostic, DiagnosticSeverity, Hover,
    HoverContents, MarkupContent, MarkupKind, NumberOrString, Position, Range,
};

pub const ACCEPT: CodeActionKind = CodeActionKind::new("quickfix.rummy.accept");
pub const REJECT: CodeActionKind = CodeActionKind::new("quickfix.rummy.reject");
const ACCEPT_ALL: CodeActionKind = CodeActionKind::new("source.rummy.acceptAll");
const REJECT_ALL: CodeActionKind = CodeActionKind::new("source.rummy.rejectAll");

/// The kinds of the code actions, as `initialize` announces them.
pub const KINDS: [CodeActionKind; 4] = [ACCEPT, REJECT, ACCEPT_ALL, REJECT_ALL];

/// Where diagnostics say they come from.
pub const SOURCE: &str = "rummy";
const CODE: &str = "proposal";

/// How acceptances are carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrying {
    /// By the server, when the command asks for it.
    Server,
    /// By the client, with the edit that the action holds once it is resolved; the command records it.
    Client,
}

/// The code actions of the hunks that `asked` touches, and of their whole files.
pub fn on_range(
    on_document: &[(&ShownRun, &Item)],
    asked: Range,
    carrying: Carrying,
) -> Vec<CodeAction> {
    let mut actions = Vec::new();
    for (run, item) in on_document {
        let before = actions.len();
        for hunk in item
            .view
            .hunks
            .iter()
            .filter(|hunk| touches(hunk.mark, asked) || touches(hunk.range, asked))
        {
            actions.extend(hunk_actions(run, item, hunk, carrying));
        }
        if actions.len() > before && is_edit(item) {
            let accept = format!("Accept all changes of {} in this file", run.alias);
            let reject = format!("Reject all changes of {} in this file", run.alias);
            actions.push(accepting(run, item, accept, None, carrying));
            actions.push(rejecting(run, item, reject, None));
        }
    }
    actions
}

/// The code actions that there are wherever the cursor is.
pub fn anywhere(shown: &Shown, documents: &Documents, carrying: Carrying) -> Vec<CodeAction> {
    let mut actions = Vec::new();
    for run in shown.runs() {
        actions.extend(all_actions(run));
        for item in &run.items {
            let is_open = item
                .file()
                .is_some_and(|file| documents.on_file(file).is_some());
            match &item.pending.proposal.effect {
                Effect::Command { line } => actions.extend(command_actions(run, item, line)),
                Effect::Question { question, options } => {
                    actions.extend(answers(run, item, question, options));
                }
                _ if is_open => {}
                _ => {
                    let title = format!("Accept “{}” ({})", title(&item.pending), run.alias);
                    actions.push(accepting(run, item, title, None, carrying));
                }
            }
        }
    }
    actions
}

/// Accept, Reject and Diff above each hunk; with the run's name where several propose something.
pub fn lenses(on_document: &[(&ShownRun, &Item)]) -> Vec<CodeLens> {
    let mut pairs = on_document.windows(2);
    let is_one_run = pairs.all(|pair| pair[0].0.alias == pair[1].0.alias);
    let mut lenses = Vec::new();
    for (run, item) in on_document {
        let titled = |verb: &str| {
            if is_one_run {
                verb.to_owned()
            } else {
                format!("{verb} ({})", run.alias)
            }
        };
        for hunk in &item.view.hunks {
            let of_hunk = || arguments(run, item, hunk_id(item, hunk));
            let commands = [
                ("Accept", Accept::command_name(), of_hunk()),
                ("Reject", Reject::command_name(), of_hunk()),
                ("Diff", Diff::command_name(), arguments(run, item, None)),
            ];
            lenses.extend(commands.map(|(verb, name, arguments)| CodeLens {
                range: hunk.mark,
                command: Some(Command::new(titled(verb), name, Some(vec![arguments]))),
                data: None,
            }));
        }
    }
    lenses
}

/// The hunk at a position as a fenced diff.
pub fn hover(on_document: &[(&ShownRun, &Item)], at: Position) -> Option<Hover> {
    let here = Range::new(at, at);
    let hunks = on_document.iter().flat_map(|(run, item)| {
        let touched = item
            .view
            .hunks
            .iter()
            .filter(|hunk| touches(hunk.mark, here));
        touched.map(move |hunk| (*run, *item, hunk))
    });
    let mut range = None;
    let mut parts = Vec::new();
    for (run, item, hunk) in hunks {
        range = range.or(Some(hunk.mark));
        parts.push(described(run, item, hunk));
    }
    (!parts.is_empty()).then(|| Hover {
        contents: HoverContents::Markup(MarkupContent {
            kind: MarkupKind::Markdown,
            value: parts.join("\n\n---\n\n"),
        }),
        range,
    })
}

/// A diagnostic a hunk, as JSON with commas between them.
pub fn diagnostics(run: &ShownRun, item: &Item) -> serde_json::Result<String> {
    let hunks = item.view.hunks.iter();
    let written = hunks.map(|hunk| serde_json::to_string(&diagnostic(run, item, hunk)));
    Ok(written.collect::<Result<Vec<_>, _>>()?.join(","))
}

fn diagnostic(run: &ShownRun, item: &Item, hunk: &HunkView) -> Diagnostic {
    let what = match hunk.standing {
        Standing::Conflict => "conflicts with a change of yours",
        Standing::There => "is in the text already",
        Standing::Waits => "waits for you",
    };
    let (added, removed) = hunk.size;
    let change = if is_edit(item) {
        format!("a change (+{added} −{removed})")
    } else {
        format!("“{}”", title(&item.pending))
    };
    Diagnostic {
        range: hunk.mark,
        severity: Some(DiagnosticSeverity::INFORMATION),
        code: Some(NumberOrString::String(CODE.to_owned())),
        source: Some(SOURCE.to_owned()),
        message: format!("{}: {change} {what}", run.alias),
        data: Some(json!({
            "run": run.alias,
            "path": item.pending.proposal.path,
            "hunk": hunk.id,
        })),
        ..Diagnostic::default()
    }
}

fn described(run: &ShownRun, item: &Item, hunk: &HunkView) -> String {
    let signed = |sign: char, text: &str| -> String {
        let lines = text.lines().map(|line| format!("{sign}{line}\n"));
        lines.collect()
    };
    let diff = signed('-', &hunk.removed) + &signed('+', &hunk.added);
    let longest = diff
        .split(|sign| sign != '`')
        .map(str::len)
        .max()
        .unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let turn = item.pending.proposal.turn;
    let turn = turn.map_or_else(String::new, |turn| format!(", turn {turn}"));
    let head = format!("**{}**{turn}: {}", run.alias, title(&item.pending));
    if diff.is_empty() {
        return head;
    }
    format!("{head}\n\n{fence}diff\n{diff}{fence}")
}

fn hunk_actions(
    run: &ShownRun,
    item: &Item,
    hunk: &HunkView,
    carrying: Carrying,
) -> [CodeAction; 2] {
    let diagnostic = diagnostic(run, item, hunk);
    let (added, removed) = hunk.size;
    let (accept, reject) = if is_edit(item) {
        (
            format!("Accept this change (+{added} −{removed}) of {}", run.alias),
            format!("Reject this change of {}", run.alias),
        )
    } else {
        let title = title(&item.pending);
        (
            format!("Accept “{title}” ({})", run.alias),
            format!("Reject “{title}” ({})", run.alias),
        )
    };
    let id = hunk_id(item, hunk);
    let mut accept = accepting(run, item, accept, id, carrying);
    accept.is_preferred = Some(true);
    accept.diagnostics = Some(vec![diagnostic.clone()]);
    let mut reject = rejecting(run, item, reject, id);
    reject.diagnostics = Some(vec![diagnostic]);
    [accept, reject]
}

fn command_actions(run: &ShownRun, item: &Item, line: &str) -> [CodeAction; 2] {
    let line = in_a_line(line);
    let accept = format!("Run “{line}” ({})", run.alias);
    let reject = format!("Reject “{line}” ({})", run.alias);
    [
        accepting(run, item, accept, None, Carrying::Server),
        rejecting(run, item, reject, None),
    ]
}

fn answers(run: &ShownRun, item: &Item, question: &str, options: &[String]) -> Vec<CodeAction> {
    let question = in_a_line(question);
    let answer = |option: &String| {
        let mut arguments = arguments(run, item, None);
        arguments["answer"] = json!(option);
        let title = format!(
            "Answer “{}” to “{question}” ({})",
            in_a_line(option),
            run.alias
        );
        action(title, ACCEPT, Answer::command_name(), arguments)
    };
    let mut actions: Vec<CodeAction> = options.iter().map(answer).collect();
    let reject = format!("Leave “{question}” unanswered ({})", run.alias);
    actions.push(rejecting(run, item, reject, None));
    actions
}

fn all_actions(run: &ShownRun) -> [CodeAction; 2] {
    let count = run.items.len();
    let accept = format!("Accept all of {} ({count})", run.alias);
    let reject = format!("Reject all of {} ({count})", run.alias);
    let arguments = json!({"run": run.alias});
    [
        action(
            accept,
            ACCEPT_ALL,
            Accept::command_name(),
            arguments.clone(),
        ),
        action(reject, REJECT_ALL, Reject::command_name(), arguments),
    ]
}

fn accepting(
    run: &ShownRun,
    item: &Item,
    title: String,
    hunk: Option<&str>,
    carrying: Carrying,
) -> CodeAction {
    let arguments = arguments(run, item, hunk);
    if carrying == Carrying::Server || !is_edit(item) {
        return action(title, ACCEPT, Accept::command_name(), arguments);
    }
    CodeAction {
        // By this the edit is found when the action is resolved.
        data: Some(arguments.clone()),
        ..action(title, ACCEPT, Confirm::command_name(), arguments)
    }
}

fn rejecting(run: &ShownRun, item: &Item, title: String, hunk: Option<&str>) -> CodeAction {
    let arguments = arguments(run, item, hunk);
    action(title, REJECT, Reject::command_name(), arguments)
}

fn action(title: String, kind: CodeActionKind, name: String, arguments: Value) -> CodeAction {
    CodeAction {
        command: Some(Command::new(title.clone(), name, Some(vec![arguments]))),
        title,
        kind: Some(kind),
        ..CodeAction::default()
    }
}

fn arguments(run: &ShownRun, item: &Item, hunk: Option<&str>) -> Value {
    let path = &item.pending.proposal.path;
    match hunk {
        Some(hunk) => json!({"run": run.alias, "path": path, "hunks": [hunk]}),
        None => json!({"run": run.alias, "path": path}),
    }
}

fn is_edit(item: &Item) -> bool {
    matches!(item.pending.proposal.effect, Effect::Edit { .. })
}

/// The id that names a hunk; what is decided as a whole needs none.
fn hunk_id<'h>(item: &Item, hunk: &'h HunkView) -> Option<&'h str> {
    is_edit(item).then_some(hunk.id.as_str())
}

/// Whether two ranges share a place; their ends count, so that a cursor on the edge does.
fn touches(a: Range, b: Range) -> bool {
    a.start.line <= b.end.line && b.start.line <= last_line(a)
}
