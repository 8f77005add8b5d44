//! Commands as tags: what [`super::scan()`] reads back as the same command. Only
//! tests and the fuzz targets call it: they make answers with it and compare.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::command::{Call, Command, Content, Number, Set, Status, Tool};
use super::edit::{Edit, EditKind};
use super::entity;
use super::fence::Fences;
use super::scan::scan;

/// Writes a command as a tag.
///
/// Values go where they read best: a text into the body if it is read back from there, whatever
/// stands around, else into an attribute, where everything can be written. Edits that no block can
/// hold are written in another form, in which they do the same, see [`without_forms`]. What has no
/// written form comes out as what is nearest:
///
/// - a text with the marks of an edit;
/// - the replacement of a whole text by one that holds such marks, and a closing tag that is taken
///   for the one of the command even in a fence;
/// - a blank text beside what describes the entry;
/// - a field that is there and empty, which is read as one that is not there;
/// - an option with a line break in it;
/// - an edit with a hint, or one of sed, a diff or a patch, which becomes a block;
/// - a replacement of the whole text among other edits, which no form makes;
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
        Content::Edits(edits) => render_edits(&tag, command, edits),
    }
}

/// Edits in the first form that says all of them, from the one that reads best to JSON, which holds
/// any halves; best in the one that they were written in. What no form says becomes blocks.
fn render_edits(tag: &Tag, command: &Command, edits: &[Edit]) -> String {
    let mut forms = forms(tag, edits);
    let is_same = |form: &String| read_alone(form).as_ref() == Some(&command.call);
    let says_the_same = |form: &String| {
        read_alone(form).map(without_forms) == Some(without_forms(command.call.clone()))
    };
    let found = forms.iter().position(is_same);
    let found = found.or_else(|| forms.iter().position(says_the_same));
    forms.swap_remove(found.unwrap_or(0))
}

/// What a call says, whatever the form of its edits: halves in blocks, pairs, attributes and JSON do
/// the same.
pub fn without_forms(mut call: Call) -> Call {
    use EditKind::{Attributes, Json, OldNew, SearchReplace};
    if let Call::Set(Set {
        content: Content::Edits(edits),
        ..
    }) = &mut call
    {
        let halves = edits
            .iter_mut()
            .filter(|edit| matches!(edit.kind, Attributes | Json | OldNew));
        halves.for_each(|edit| edit.kind = SearchReplace);
    }
    call
}

/// Every way to write edits: blocks, blocks in a fence, both with the line ends of Windows, which
/// leave a carriage return of the halves alone, attributes and JSON.
fn forms(tag: &Tag, edits: &[Edit]) -> Vec<String> {
    let mut flagged = tag.clone();
    flagged.flag("all", edits.iter().any(|edit| edit.all));
    let blocks: String = edits.iter().map(|edit| block(edit, edits)).collect();
    let fence = fence_around(&blocks);
    let plain = has_own_fences(&blocks).then(|| ["\n", &blocks].concat());
    let fenced = ["\n", &fence, "\n", &blocks, &fence, "\n"].concat();
    let bodies = plain.into_iter().chain([fenced]);
    let mut forms: Vec<String> = bodies
        .flat_map(|body| {
            [
                flagged.with_body(&body),
                flagged.with_body(&body.replace('\n', "\r\n")),
            ]
        })
        .collect();
    if let [edit] = edits {
        flagged.option("search", edit.search.as_deref());
        flagged.attribute("replace", &edit.replace);
        forms.push(flagged.closed());
    }
    forms.push(tag.with_body(&["\n", &json(edits), "\n"].concat()));
    forms
}

/// Backticks that no line of the text could close.
fn fence_around(text: &str) -> String {
    let runs = text.split(|sign| sign != '`').map(str::len);
    "`".repeat(runs.max().unwrap_or(0).max(2) + 1)
}

/// A list of objects on one line, in which nothing is left that means something outside of JSON.
fn json(edits: &[Edit]) -> String {
    let object = |edit: &Edit| {
        let mut object = json!({"search": edit.search, "replace": edit.replace});
        if edit.all {
            object["all"] = Value::Bool(true);
        }
        object
    };
    let list = Value::Array(edits.iter().map(object).collect()).to_string();
    let mut escaped = String::with_capacity(list.len());
    for sign in list.chars() {
        match sign {
            '<' => escaped.push_str("\\u003c"),
            '>' => escaped.push_str("\\u003e"),
            '`' => escaped.push_str("\\u0060"),
            other => escaped.push(other),
        }
    }
    escaped
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
    read_alone(text).as_ref() == Some(&command.call)
}

/// The one call that `text` is, if nothing is said against it.
fn read_alone(text: &str) -> Option<Call> {
    let mut scan = scan(text, usize::MAX);
    let command = scan.commands.pop()?;
    (scan.commands.is_empty() && scan.advisories.is_empty()).then_some(command.call)
}

/// An opening tag that is being written.
#[derive(Clone)]
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Place;

    fn rendered(edits: Vec<Edit>) -> String {
        let set = Set {
            path: Some("a.py".to_owned()),
            content: Content::Edits(edits),
            ..Set::default()
        };
        let place = Place { line: 1, column: 1 };
        render(&Command {
            call: Call::Set(set),
            place,
        })
    }

    #[test]
    fn edits_are_written_in_the_first_form_that_holds_them() {
        let every = |edit: Edit| Edit { all: true, ..edit };
        for (edits, expected) in [
            (
                vec![Edit::block("a", "b"), Edit::block("c", "")],
                "<set path=\"a.py\">\n<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n\
                 <<<<<<< SEARCH\nc\n=======\n>>>>>>> REPLACE\n</set>",
            ),
            (
                vec![Edit::block("a", ">>>>>>> REPLACE")],
                "<set path=\"a.py\">\n<<<<<< SEARCH\na\n======\n>>>>>>> REPLACE\n\
                 >>>>>> REPLACE\n</set>",
            ),
            (
                vec![Edit::block("</set>", "```")],
                "<set path=\"a.py\">\n````\n<<<<<<< SEARCH\n</set>\n=======\n```\n\
                 >>>>>>> REPLACE\n````\n</set>",
            ),
            (
                vec![Edit::block("a\r\n", "b")],
                "<set path=\"a.py\">\r\n<<<<<<< SEARCH\r\na\r\r\n\r\n=======\r\nb\r\n\
                 >>>>>>> REPLACE\r\n</set>",
            ),
            (
                vec![Edit::attributes("a", "<b>", false)],
                "<set path=\"a.py\" search=\"a\" replace=\"&lt;b&gt;\"/>",
            ),
            (
                vec![Edit::block("a", "b"), every(Edit::block("c", "`<rm>`"))],
                "<set path=\"a.py\">\n[{\"search\":\"a\",\"replace\":\"b\"},{\"search\":\"c\",\
                 \"replace\":\"\\u0060\\u003crm\\u003e\\u0060\",\"all\":true}]\n</set>",
            ),
        ] {
            assert_eq!(rendered(edits), expected);
        }
    }
}
