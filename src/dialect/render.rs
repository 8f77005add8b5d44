//! Commands as tags: what [`super::scan()`] reads back as the same command. Only
//! tests and the fuzz targets call it: they make answers with it and compare.

use std::fmt::Write as _;

use super::command::{Call, Command, Content, Number, Set, Status, Tool};
use super::edit::Edit;
use super::entity;
use super::fence::Fences;
use super::scan::scan;

/// Writes a command as a tag.
///
/// Values go where they read best: a text into the body if it is read back from there, whatever
/// stands around, else into an attribute, where everything can be written. What has no written form
/// comes out as what is nearest:
///
/// - a text, or a half in an attribute, with the marks of an edit;
/// - a blank text beside what describes the entry;
/// - a field that is there and empty, which is read as one that is not there;
/// - an option with a line break in it;
/// - a block whose halves hold a carriage return, a closing tag, a `<set>`, a fence or markers of
///   every length: one becomes attributes, several are read as they can be; several of which only some
///   have `all`;
/// - a block without old lines whose new half holds markers;
/// - an edit of a form other than blocks and attributes, which becomes a block;
/// - an unparsable body, whose text is not kept.
pub fn render(command: &Command) -> String {
    let mut tag = Tag::new(command.tool());
    match &command.call {
        Call::Get(get) => {
            tag.option("path", get.path.as_deref());
            tag.option("filter", get.filter.as_deref());
            tag.option("visibility", get.visibility.as_deref());
            tag.number("line", get.line.as_ref());
            tag.number("limit", get.limit.as_ref());
            tag.flag("preview", get.preview);
            tag.options(&get.other);
        }
        Call::Set(set) => return render_set(tag, command, set),
        Call::Rm(rm) => {
            tag.option("path", rm.path.as_deref());
            tag.option("filter", rm.filter.as_deref());
            tag.flag("preview", rm.preview);
        }
        Call::Mv(transfer) | Call::Cp(transfer) => {
            tag.option("path", transfer.path.as_deref());
            tag.option("to", transfer.to.as_deref());
            tag.option("filter", transfer.filter.as_deref());
            tag.option("visibility", transfer.visibility.as_deref());
            tag.flag("preview", transfer.preview);
        }
        Call::Search(search) => {
            tag.option("query", search.query.as_deref());
            tag.number("results", search.results.as_ref());
            tag.flag("preview", search.preview);
        }
        Call::Sh(shell) | Call::Env(shell) => {
            tag.option("command", shell.command.as_deref());
            tag.flag("preview", shell.preview);
            tag.options(&shell.other);
        }
        Call::AskUser(question) => {
            tag.option("question", question.question.as_deref());
            tag.list("options", &question.options);
            tag.flag("preview", question.preview);
        }
        Call::Update(update) => {
            match &update.status {
                Status::Missing => {}
                Status::Code(code) => tag.attribute("status", &code.to_string()),
                Status::Invalid(written) => tag.attribute("status", written),
            }
            return tag.with_text(&update.body, command);
        }
        Call::Think(think) => return tag.with_text(&think.body, command),
    }
    tag.closed()
}

fn render_set(mut tag: Tag, command: &Command, set: &Set) -> String {
    tag.option("path", set.path.as_deref());
    tag.option("visibility", set.visibility.as_deref());
    tag.option("summary", set.summary.as_deref());
    tag.option("filter", set.filter.as_deref());
    tag.flag("preview", set.preview);
    tag.options(&set.other);
    match &set.content {
        Content::Absent | Content::Unparsable(_) => tag.closed(),
        Content::Text(text) => {
            let block = tag.with_body(&["\n", text, "\n"].concat());
            if has_own_fences(text) && reads_back(&block, command) {
                return block;
            }
            tag.attribute("body", text);
            tag.closed()
        }
        Content::Edits(edits) => render_edits(tag, command, edits),
    }
}

/// Blocks, or the attributes of the tag for an edit that stood there or that no block can hold.
fn render_edits(mut tag: Tag, command: &Command, edits: &[Edit]) -> String {
    tag.flag("all", edits.iter().any(|edit| edit.all));
    let blocks: String = edits.iter().map(|edit| block(edit, edits)).collect();
    let written = tag.with_body(&["\n", &blocks].concat());
    match edits {
        [edit] if !has_own_fences(&blocks) || !reads_back(&written, command) => {
            tag.option("search", edit.search.as_deref());
            tag.attribute("replace", &edit.replace);
            tag.closed()
        }
        _ => written,
    }
}

/// Whether every fence that opens in a text closes in it, so that none reaches into what follows.
fn has_own_fences(text: &str) -> bool {
    let fences = Fences::of(text);
    let mut index = 0;
    while let Some(fence) = fences.get(index) {
        let Some(closer) = fence.closed_by else {
            return false;
        };
        index = closer + 1;
    }
    true
}

/// An edit between markers of a length that no line in any of the edits has.
fn block(edit: &Edit, edits: &[Edit]) -> String {
    let length = [7, 6, 8, 5, 9, 4, 10, 3, 11, 12]
        .into_iter()
        .find(|length| !edits.iter().any(|edit| has_marker(edit, *length)))
        .unwrap_or(7);
    let sign = |sign: &str| sign.repeat(length);
    let mut text = String::new();
    if let Some(search) = &edit.search {
        text = sign("<") + " SEARCH\n" + search;
        if !search.is_empty() {
            text.push('\n');
        }
    }
    text = text + &sign("=") + "\n" + &edit.replace;
    if !edit.replace.is_empty() {
        text.push('\n');
    }
    text + &sign(">") + " REPLACE\n"
}

fn has_marker(edit: &Edit, length: usize) -> bool {
    let search = edit.search.as_deref().unwrap_or("");
    search.lines().chain(edit.replace.lines()).any(|line| {
        let line = line.trim_start();
        ["<", "=", ">"]
            .iter()
            .any(|sign| line.len() - line.trim_start_matches(sign).len() == length)
    })
}

/// Whether `text` alone is scanned as the call of `command` and nothing else.
fn reads_back(text: &str, command: &Command) -> bool {
    let scan = scan(text, usize::MAX);
    scan.advisories.is_empty()
        && matches!(scan.commands.as_slice(), [read] if read.call == command.call)
}

/// An opening tag that is being written.
struct Tag {
    tool: Tool,
    text: String,
}

impl Tag {
    fn new(tool: Tool) -> Self {
        let text = ["<", tool.name()].concat();
        Self { tool, text }
    }

    fn attribute(&mut self, name: &str, value: &str) {
        // Writing to a String cannot fail.
        let _ = write!(self.text, " {name}=\"{}\"", entity::encode(value));
    }

    fn option(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.attribute(name, value);
        }
    }

    fn options<'o>(&mut self, values: impl IntoIterator<Item = (&'o String, &'o String)>) {
        for (name, value) in values {
            self.attribute(name, value);
        }
    }

    /// Items between semicolons, or on lines of their own where one holds a semicolon.
    fn list(&mut self, name: &str, items: &[String]) {
        let plain = !items.iter().any(|item| item.contains(';'));
        let separator = if plain { ";" } else { "\n" };
        if !items.is_empty() {
            self.attribute(name, &(items.join(separator) + separator));
        }
    }

    fn flag(&mut self, name: &str, on: bool) {
        if on {
            self.text.push(' ');
            self.text.push_str(name);
        }
    }

    fn number(&mut self, name: &str, number: Option<&Number>) {
        match number {
            None => {}
            Some(Number::Value(value)) => self.attribute(name, &value.to_string()),
            Some(Number::Invalid(written)) => self.attribute(name, written),
        }
    }

    fn closed(&self) -> String {
        [&self.text, "/>"].concat()
    }

    fn with_body(&self, body: &str) -> String {
        [&self.text, ">", body, "</", self.tool.name(), ">"].concat()
    }

    /// The text as the body if it can be one.
    fn with_text(mut self, text: &str, command: &Command) -> String {
        let inline = self.with_body(text);
        if has_own_fences(text) && reads_back(&inline, command) {
            return inline;
        }
        self.attribute("body", text);
        self.closed()
    }
}
