//! What an editor is answered about a `rummy:` document that it shows: links, symbols, hovers. The text
//! is that of the open document, where there is one, else the one that the name stands for.

use std::collections::HashSet;

use ropey::Rope;

use super::links::{Link, link_at, links};
use super::symbols::{Symbol, symbols};
use super::text::{body, text_of};
use super::uri::{Name, What, of_entry, of_run};
use crate::entries::{Entry, EntryPath, RunAlias, Scheme};
use crate::llm::tokens;
use crate::lsp::documents::Encoding;
use crate::lsp::methods::{Context, MethodError};
use crate::lsp::transcript::markdown::{code, fenced};
use crate::lsp::types::{
    DocumentLink, DocumentSymbol, DocumentSymbolResponse, Hover, HoverContents, Location,
    MarkupContent, MarkupKind, Position, Range, SymbolInformation, SymbolKind, Uri,
};
use crate::plugins::file;
use crate::store::entries;
use crate::store::runs::Run;

/// Lines and characters of a body that a hover shows.
const SHOWN: (usize, usize) = (12, 1200);

/// A document that an editor asks about.
struct Shown {
    name: Name,
    run: Run,
    text: String,
    rope: Rope,
    encoding: Encoding,
    known: HashSet<String>,
}

impl Shown {
    async fn of(cx: &Context, uri: &Uri) -> Result<Self, MethodError> {
        let asked = uri.clone();
        let (open, encoding) = cx
            .ask(move |session| {
                let document = session.documents.get(&asked);
                (
                    document.map(|document| document.text.clone()),
                    session.encoding,
                )
            })
            .await?;
        let name = Name::parse(uri.as_str())?;
        let run = cx.run(name.run.as_str()).await?;
        let rope = match open {
            Some(rope) => rope,
            None => Rope::from_str(&text_of(cx, uri.as_str()).await?),
        };
        let id = run.id;
        let known = cx
            .store()
            .read(move |connection| entries::paths(connection, id))
            .await?;
        Ok(Self {
            name,
            run,
            text: rope.to_string(),
            rope,
            encoding,
            known,
        })
    }

    fn range(&self, bytes: std::ops::Range<usize>) -> Range {
        self.encoding.range(&self.rope, bytes)
    }

    /// From the beginning of a line to the beginning of another, or the end of the text.
    fn lines(&self, lines: std::ops::Range<usize>) -> Range {
        let last = self.rope.len_lines();
        let byte = |line: usize| {
            if line < last {
                self.rope.line_to_byte(line)
            } else {
                self.rope.len_bytes()
            }
        };
        self.range(byte(lines.start)..byte(lines.end))
    }
}

/// Every entry path in the document.
pub async fn document_links(cx: &Context, uri: &Uri) -> Result<Vec<DocumentLink>, MethodError> {
    let shown = Shown::of(cx, uri).await?;
    links(&shown.text, &shown.known)
        .into_iter()
        .map(|Link { bytes, path }| {
            let target = target(&shown.run.alias, &path);
            Ok(DocumentLink {
                range: shown.range(bytes),
                target: Some(target.parse().map_err(|error| {
                    MethodError::Internal(format!("{target} is no URI: {error}"))
                })?),
                tooltip: None,
                data: None,
            })
        })
        .collect()
}

/// What a link to an entry leads to; the entry that mirrors a run stands for the run.
fn target(run: &RunAlias, path: &EntryPath) -> String {
    match path.rest().parse::<RunAlias>() {
        Ok(alias) if path.scheme() == Scheme::Run => of_run(&alias),
        _ => of_entry(run, path),
    }
}

/// The turns of a transcript and their commands; none of any other document.
pub async fn document_symbols(
    cx: &Context,
    uri: &Uri,
) -> Result<Option<DocumentSymbolResponse>, MethodError> {
    let shown = Shown::of(cx, uri).await?;
    if shown.name.what != What::Transcript {
        return Ok(None);
    }
    let found = symbols(&shown.text);
    let nests = cx.ask(|session| session.abilities.nested_symbols).await?;
    Ok(Some(if nests {
        let nested = found.into_iter().map(|turn| nested(&shown, turn, TURN));
        DocumentSymbolResponse::Nested(nested.collect())
    } else {
        DocumentSymbolResponse::Flat(flat(&shown, uri, &found))
    }))
}

const TURN: SymbolKind = SymbolKind::NAMESPACE;
const COMMAND: SymbolKind = SymbolKind::FUNCTION;

fn nested(shown: &Shown, symbol: Symbol, kind: SymbolKind) -> DocumentSymbol {
    let heading = symbol.lines.start..symbol.lines.start + 1;
    let inner: Vec<DocumentSymbol> = symbol
        .inner
        .into_iter()
        .map(|command| nested(shown, command, COMMAND))
        .collect();
    #[expect(deprecated, reason = "the field has to be there")]
    DocumentSymbol {
        name: symbol.name,
        detail: Some(symbol.detail),
        kind,
        tags: None,
        deprecated: None,
        range: shown.lines(symbol.lines),
        selection_range: shown.lines(heading),
        children: (kind == TURN).then_some(inner),
    }
}

/// For clients that know no symbols inside others.
fn flat(shown: &Shown, uri: &Uri, turns: &[Symbol]) -> Vec<SymbolInformation> {
    let one = |symbol: &Symbol, kind, container: Option<&str>| {
        #[expect(deprecated, reason = "the field has to be there")]
        SymbolInformation {
            name: symbol.name.clone(),
            kind,
            tags: None,
            deprecated: None,
            location: Location::new(uri.clone(), shown.lines(symbol.lines.clone())),
            container_name: container.map(str::to_owned),
        }
    };
    turns
        .iter()
        .flat_map(|turn| {
            let inner = turn.inner.iter();
            let commands = inner.map(|command| one(command, COMMAND, Some(&turn.name)));
            std::iter::once(one(turn, TURN, None)).chain(commands)
        })
        .collect()
}

/// What is known of the entry whose path stands at a position.
pub async fn hover(cx: &Context, uri: &Uri, at: Position) -> Result<Option<Hover>, MethodError> {
    let shown = Shown::of(cx, uri).await?;
    let byte = shown.encoding.byte(&shown.rope, at);
    let Some(link) = link_at(&shown.text, byte, &shown.known) else {
        return Ok(None);
    };
    let (run, path) = (shown.run.id, link.path);
    let entry = cx
        .store()
        .read(move |connection| entries::find(connection, run, &path))
        .await?;
    let Some(entry) = entry else {
        return Ok(None);
    };
    let divisor = cx
        .ask(|session| session.config.limits.token_divisor)
        .await?;
    let heading = described(&entry, divisor);
    // A file may be gone, or no text: then there is nothing to show of it.
    let beginning = body(cx, &shown.run, entry)
        .await
        .map_or_else(|error| error.to_string(), |text| beginning(&text));
    Ok(Some(Hover {
        contents: HoverContents::Markup(MarkupContent {
            kind: MarkupKind::Markdown,
            value: format!("{heading}\n{beginning}").trim_end().to_owned(),
        }),
        range: Some(shown.range(link.bytes)),
    }))
}

/// The path; state, visibility, tokens, turn.
fn described(entry: &Entry, divisor: f64) -> String {
    let outcome = entry.outcome.as_ref();
    let outcome = outcome.map_or_else(String::new, |why| format!(" ({why})"));
    let tokens = tokens::estimate(file::chars(entry), divisor);
    let turn = entry
        .turn
        .map_or_else(String::new, |turn| format!(" · turn {turn}"));
    format!(
        "{}\n\n{}{outcome} · {} · {tokens} tokens{turn}\n",
        code(entry.path.as_str()),
        entry.state,
        entry.visibility,
    )
}

/// The first lines of a text, as a fence.
fn beginning(text: &str) -> String {
    let (most_lines, most_chars) = SHOWN;
    let lines: Vec<&str> = text.lines().take(most_lines).collect();
    let mut shown = lines.join("\n");
    if let Some((end, _)) = shown.char_indices().nth(most_chars) {
        shown.truncate(end);
    }
    if shown.len() < text.trim_end().len() {
        shown.push_str("\n…");
    }
    if text.is_empty() {
        shown
    } else {
        fenced("", &shown)
    }
}
