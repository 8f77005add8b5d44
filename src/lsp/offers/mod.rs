//! Code actions that start a run where the cursor is: on a selection, on another server's
//! diagnostic, on a comment that asks for one. They carry `ask` or `act` with all that it takes, so
//! any client can carry them out. [`comment`] finds the comments, [`syntax`] knows how languages write
//! them; what is proposed by runs is shown elsewhere.

mod comment;
mod syntax;

use std::ops::Range as LineRange;
use std::path::Path;

use serde_json::{Value, json};

use self::comment::Comment;
use self::syntax::Syntax;
use super::asked::asked_for;
use super::documents::{Document, last_line};
use super::methods::Method;
use super::methods::start::{Act, Ask};
use super::proposals::actions::SOURCE;
use super::session::{Folder, Session};
use super::types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, CodeActionParams, Command, Diagnostic, Range,
};
use crate::entries::Mode;

const REWRITE: CodeActionKind = CodeActionKind::new("refactor.rewrite.rummy");
const FIX: CodeActionKind = CodeActionKind::new("quickfix.rummy.fix");

/// The kinds of these code actions, as `initialize` announces them.
pub const ACTION_KINDS: [CodeActionKind; 2] = [REWRITE, FIX];

/// Characters of a prompt that a title shows.
const SHOWN: usize = 60;

/// The code actions that the client asks for. There are none outside of the workspace's folders,
/// where no run could be started.
pub fn actions(session: &Session, params: &CodeActionParams) -> Vec<CodeActionOrCommand> {
    let Some(offers) = Offers::on(session, params) else {
        return Vec::new();
    };
    let wanted = |kind| asked_for(Some(&kind), params.context.only.as_deref());
    let mut actions = Vec::new();
    if wanted(FIX) {
        actions.extend(offers.fixes(&params.context.diagnostics));
    }
    if wanted(REWRITE) {
        actions.extend(offers.for_comment());
        actions.extend(offers.for_selection());
    }
    actions
        .into_iter()
        .map(CodeActionOrCommand::CodeAction)
        .collect()
}

/// A place in an open document of the workspace.
struct Offers<'s> {
    session: &'s Session,
    document: &'s Document,
    syntax: &'static Syntax,
    folder: &'s Folder,
    range: Range,
}

impl<'s> Offers<'s> {
    fn on(session: &'s Session, params: &CodeActionParams) -> Option<Self> {
        let document = session.documents.get(&params.text_document.uri)?;
        let file: &Path = document.path.as_deref()?;
        Some(Self {
            session,
            document,
            syntax: Syntax::of(&document.language, file),
            folder: session.folder_around(file)?,
            range: params.range,
        })
    }

    /// Of other servers' diagnostics; what ours says is decided, not fixed.
    fn fixes(&self, diagnostics: &[Diagnostic]) -> Vec<CodeAction> {
        let theirs: Vec<&Diagnostic> = diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.source.as_deref() != Some(SOURCE))
            .filter(|diagnostic| !diagnostic.message.trim().is_empty())
            .collect();
        let fix = |diagnostic: &&Diagnostic| {
            let title = match theirs[..] {
                [_] => "Fix with Rummy".to_owned(),
                _ => format!("Fix with Rummy: {}", shortened(&diagnostic.message)),
            };
            let (message, range) = (Some(diagnostic.message.as_str()), diagnostic.range);
            CodeAction {
                diagnostics: Some(vec![(*diagnostic).clone()]),
                ..self.action(title, FIX, Mode::Act, message, range)
            }
        };
        theirs.iter().map(fix).collect()
    }

    /// The run that the comment on the range's first line asks for.
    fn for_comment(&self) -> Option<CodeAction> {
        let text = &self.document.text;
        let comment = Comment::at(text, self.syntax, self.range.start.line as usize)?;
        let title = match comment.mode {
            Mode::Ask => format!("Ask Rummy: {}", shortened(&comment.prompt)),
            Mode::Act => format!("Let Rummy: {}", shortened(&comment.prompt)),
        };
        let range = self.whole(comment.with_code_below(text));
        Some(self.action(title, REWRITE, comment.mode, Some(&comment.prompt), range))
    }

    /// A client that asks the user for the prompt gets actions without one. Others get that of the
    /// nearest comment which asks for a run, or a standing one; the title names it.
    fn for_selection(&self) -> Vec<CodeAction> {
        if self.range.start == self.range.end {
            return Vec::new();
        }
        let user_is_asked = self.session.abilities.prompt;
        let lines = self.range.start.line as usize..=last_line(self.range) as usize;
        let comment = (!user_is_asked)
            .then(|| Comment::nearest(&self.document.text, self.syntax, lines))
            .flatten();
        let action = |mode, title: &str, standing| {
            let prompt = match &comment {
                Some(comment) => Some(comment.prompt.as_str()),
                None => (!user_is_asked).then_some(standing),
            };
            let title = match prompt {
                Some(prompt) => format!("{title}: {}", shortened(prompt)),
                None => title.to_owned(),
            };
            self.action(title, REWRITE, mode, prompt, self.range)
        };
        vec![
            action(Mode::Ask, "Ask Rummy about the selection", "explain"),
            action(Mode::Act, "Let Rummy act on the selection", "improve"),
        ]
    }

    fn action(
        &self,
        title: String,
        kind: CodeActionKind,
        mode: Mode,
        prompt: Option<&str>,
        range: Range,
    ) -> CodeAction {
        let name = match mode {
            Mode::Ask => Ask::command_name(),
            Mode::Act => Act::command_name(),
        };
        let mut arguments = json!({
            "selection": {"uri": self.document.uri, "range": range},
            "workspace": self.folder.uri,
        });
        if let Some(prompt) = prompt {
            arguments["prompt"] = Value::from(prompt);
        }
        CodeAction {
            command: Some(Command::new(title.clone(), name, Some(vec![arguments]))),
            title,
            kind: Some(kind),
            ..CodeAction::default()
        }
    }

    /// These lines, with the last one's break.
    fn whole(&self, lines: LineRange<usize>) -> Range {
        let text = &self.document.text;
        let encoding = self.session.encoding;
        let start = encoding.position(text, text.line_to_byte(lines.start));
        let end = encoding.position(text, text.line_to_byte(lines.end));
        Range::new(start, end)
    }
}

/// The beginning of a prompt, in one line.
fn shortened(prompt: &str) -> String {
    let words: Vec<&str> = prompt.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
