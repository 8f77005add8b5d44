//! Tool calls as elements: `<function=set>` with a `<parameter=…>` an argument, `<invoke name="…">`
//! with named parameters, `<tool_use>` with a name and an input.

use memchr::memmem;
use serde_json::{Map, Value};

use super::super::tag::name_length;
use super::seek::Seeker;
use super::value::{Broken, Notation, Reader};
use super::{Arguments, ToolCall};

/// Namespaces that models put before the names of these elements.
const PREFIXES: [&str; 3] = ["antml:", "｜DSML｜", ""];

/// A longer opening tag is none.
const MAX_TAG: usize = 300;

/// An opening tag: `<function=set>`, `<invoke name="set">`.
struct Tag<'t> {
    prefix: &'static str,
    word: &'static str,
    name: &'t str,
    /// Behind the tag.
    end: usize,
}

impl Tag<'_> {
    fn closer(&self) -> String {
        ["</", self.prefix, self.word, ">"].concat()
    }

    fn opener(&self) -> String {
        ["<", self.prefix, self.word].concat()
    }
}

/// A call that was read.
pub(super) struct Read {
    pub call: ToolCall,
    /// Behind its opening tag.
    pub inner: usize,
    pub end: usize,
    /// Whether something was left open in it.
    pub cut: bool,
}

/// Whether `rest` begins with an element that holds a call.
pub(super) fn is_element(rest: &str) -> bool {
    rest.starts_with("<tool_use>") || tag(rest, 0, &["function", "invoke"]).is_some()
}

/// Reads the element at `at`. `None` where none of a call stands.
pub(super) fn read(text: &str, at: usize, seeker: &mut Seeker<'_>) -> Option<Result<Read, Broken>> {
    if text[at..].starts_with("<tool_use>") {
        return tool_use(text, at, seeker);
    }
    let element = tag(text, at, &["function", "invoke"])?;
    let inner = text[element.end..].trim_start();
    let start = text.len() - inner.len();
    let (arguments, end, cut) = if inner.starts_with('{') {
        match object(text, start) {
            Ok(read) => read,
            Err(broken) => return Some(Err(broken)),
        }
    } else {
        parameters(text, &element, seeker)
    };
    let end = skip_all(text, end, &[&element.closer()]);
    let call = ToolCall {
        name: element.name.to_owned(),
        arguments: Arguments::Named(arguments),
        at,
    };
    let inner = element.end;
    Some(Ok(Read {
        call,
        inner,
        end,
        cut,
    }))
}

/// The opening tag of one of `words` at `at`.
fn tag<'t>(text: &'t str, at: usize, words: &[&'static str]) -> Option<Tag<'t>> {
    let inner = text[at..].strip_prefix('<')?;
    let prefix = PREFIXES
        .into_iter()
        .find(|prefix| inner.starts_with(prefix))?;
    let named = &inner[prefix.len()..];
    let word = words.iter().find(|word| named.starts_with(**word))?;
    let behind = &named[word.len()..];
    let length = behind
        .bytes()
        .take(MAX_TAG)
        .take_while(|byte| !b"><\n{".contains(byte))
        .count();
    let (inside, rest) = behind.split_at_checked(length)?;
    // `<function=set{"path": …}` lacks its `>`.
    let ends = rest.starts_with('>');
    let lacks_end = behind.starts_with('=') && rest.starts_with('{');
    if !ends && !lacks_end {
        return None;
    }
    let name = match inside.strip_prefix('=') {
        Some(name) => name.trim().trim_matches(['"', '\'']),
        None => name_attribute(inside)?,
    };
    let end = text.len() - behind.len() + length + usize::from(ends);
    (!name.is_empty()).then_some(Tag {
        prefix,
        word,
        name,
        end,
    })
}

/// The value of `name` in the inside of a tag.
fn name_attribute(inside: &str) -> Option<&str> {
    let rest = inside.strip_prefix(char::is_whitespace)?;
    let (_, value) = rest.split_once("name=")?;
    let quote = value.chars().next().filter(|sign| "\"'".contains(*sign))?;
    value[1..].split(quote).next()
}

fn parameters(
    text: &str,
    element: &Tag<'_>,
    seeker: &mut Seeker<'_>,
) -> (Map<String, Value>, usize, bool) {
    let mut arguments = Map::new();
    let mut end = element.end;
    let mut cut = false;
    loop {
        let start = skip_blanks(text, end);
        let Some(parameter) = tag(text, start, &["parameter", "param"]) else {
            return (arguments, end, cut);
        };
        let value_end = value_end(text, element, &parameter, seeker);
        cut |= value_end.cut;
        end = value_end.next;
        let value = &text[parameter.end..value_end.end];
        let value = if value_end.cut {
            value.trim()
        } else {
            without_breaks(value)
        };
        arguments
            .entry(parameter.name)
            .or_insert_with(|| Value::String(value.to_owned()));
    }
}

struct ValueEnd {
    end: usize,
    /// Behind the closer.
    next: usize,
    cut: bool,
}

/// Where a parameter ends: at the first of its closers behind which its call goes on or ends, so
/// that a value may hold such a closer; else at the first; else where its call must have ended.
fn value_end(
    text: &str,
    element: &Tag<'_>,
    parameter: &Tag<'_>,
    seeker: &mut Seeker<'_>,
) -> ValueEnd {
    let start = parameter.end;
    let limit = seeker
        .next_or_end(&element.closer(), start)
        .min(seeker.next_or_end(&element.opener(), start));
    let closer = parameter.closer();
    let mut first = None;
    let mut from = start;
    while let Some(at) = seeker.next(&closer, from).filter(|at| *at < limit) {
        first = first.or(Some(at));
        from = at + closer.len();
        let behind = text[from..].trim_start();
        if behind.is_empty() || tag(behind, 0, &[parameter.word]).is_some() || ends_call(behind) {
            first = Some(at);
            break;
        }
    }
    if let Some(end) = first {
        return ValueEnd {
            end,
            next: end + closer.len(),
            cut: false,
        };
    }
    let end = [parameter.opener().as_str(), "</tool_call>"]
        .iter()
        .map(|needle| seeker.next_or_end(needle, start))
        .fold(limit, usize::min);
    ValueEnd {
        end,
        next: end,
        cut: true,
    }
}

fn ends_call(rest: &str) -> bool {
    let name = rest.strip_prefix("</").unwrap_or("");
    let name = PREFIXES
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(name);
    ["function", "invoke", "tool_call"]
        .iter()
        .any(|word| name.starts_with(word))
}

/// Arguments of GLM behind the name of the tool: `<arg_key>path</arg_key><arg_value>…</arg_value>`.
pub(super) fn pairs(text: &str, at: usize, seeker: &mut Seeker<'_>) -> Option<Read> {
    let start = skip_blanks(text, at);
    let length = name_length(&text[start..]);
    let name = &text[start..start + length];
    let mut end = start + length;
    let mut arguments = Map::new();
    let mut cut = false;
    while let Some(key) = text[skip_blanks(text, end)..].strip_prefix("<arg_key>") {
        let from = text.len() - key.len();
        let limit = seeker.next("</arg_key>", from)?;
        let value = skip_all(text, limit + "</arg_key>".len(), &["<arg_value>"]);
        let closer = seeker.next("</arg_value>", value);
        let value_end = closer.unwrap_or_else(|| seeker.next_or_end("</tool_call>", value));
        cut |= closer.is_none();
        let held = without_breaks(&text[value..value_end]).to_owned();
        let key = text[from..limit].trim();
        arguments.entry(key).or_insert(Value::String(held));
        end = value_end + closer.map_or(0, |_| "</arg_value>".len());
    }
    if length == 0
        || (arguments.is_empty() && !text[skip_blanks(text, end)..].starts_with("</tool_call>"))
    {
        return None;
    }
    let call = ToolCall {
        name: name.to_owned(),
        arguments: Arguments::Named(arguments),
        at: start,
    };
    let inner = start + length;
    Some(Read {
        call,
        inner,
        end,
        cut,
    })
}

fn tool_use(text: &str, at: usize, seeker: &mut Seeker<'_>) -> Option<Result<Read, Broken>> {
    let start = skip_all(text, at + "<tool_use>".len(), &["<name>", "<tool_name>"]);
    let start = skip_blanks(text, start);
    let name = text[start..].split(['<', '\n']).next()?.trim();
    let end = skip_all(text, start + name.len(), &["</name>", "</tool_name>"]);
    let end = skip_all(text, end, &["<input>", "<parameters>", "<arguments>"]);
    let inner = skip_blanks(text, end);
    if name.is_empty() || !text[inner..].starts_with(['{', '<']) {
        return None;
    }
    let read = if text[inner..].starts_with('{') {
        object(text, inner)
    } else {
        Ok(children(text, inner, seeker))
    };
    let (arguments, end, cut) = match read {
        Ok(read) => read,
        Err(broken) => return Some(Err(broken)),
    };
    let end = skip_all(text, end, &["</input>", "</parameters>", "</arguments>"]);
    let end = skip_all(text, end, &["</tool_use>"]);
    let call = ToolCall {
        name: name.to_owned(),
        arguments: Arguments::Named(arguments),
        at,
    };
    Some(Ok(Read {
        call,
        inner,
        end,
        cut,
    }))
}

/// Arguments as elements of their names: `<path>src/a.rs</path>`. One ends at the first of its
/// closers behind which another begins, or the list ends; else at the first.
fn children(text: &str, at: usize, seeker: &mut Seeker<'_>) -> (Map<String, Value>, usize, bool) {
    let limit = seeker
        .next_or_end("</tool_use>", at)
        .min(seeker.next_or_end("<tool_use>", at));
    let mut arguments = Map::new();
    let mut position = at;
    loop {
        let start = skip_blanks(text, position);
        let inner = text[start..].strip_prefix('<').unwrap_or("");
        let name = &inner[..name_length(inner)];
        let from = start + name.len() + "<>".len();
        if name.is_empty() || !inner[name.len()..].starts_with('>') || from > limit {
            return (arguments, position, false);
        }
        let closer = ["</", name, ">"].concat();
        let ends = |end: &usize| text[end + closer.len()..].trim_start().starts_with('<');
        let within = &text.as_bytes()[from..limit];
        let mut closers = memmem::find_iter(within, &closer).map(|found| from + found);
        let Some(first) = closers.next() else {
            return (arguments, position, true);
        };
        let end = if ends(&first) {
            first
        } else {
            closers.find(ends).unwrap_or(first)
        };
        let value = without_breaks(&text[from..end]).to_owned();
        arguments.entry(name).or_insert(Value::String(value));
        position = end + closer.len();
    }
}

/// Reads the arguments whose brace stands at `at`.
pub(super) fn object(text: &str, at: usize) -> Result<(Map<String, Value>, usize, bool), Broken> {
    let mut reader = Reader::new(text, at, Notation::Json);
    match reader.value()? {
        Value::Object(members) => Ok((members, reader.position, reader.cut)),
        _ => Err(Broken { at }),
    }
}

pub(super) fn skip_blanks(text: &str, at: usize) -> usize {
    text.len() - text[at..].trim_start().len()
}

/// Steps over blanks and one of `marks`; stays where none follows.
fn skip_all(text: &str, at: usize, marks: &[&str]) -> usize {
    let start = skip_blanks(text, at);
    let found = marks.iter().find(|mark| text[start..].starts_with(**mark));
    found.map_or(at, |mark| start + mark.len())
}

/// A value without the line breaks that set it apart from its tags.
fn without_breaks(value: &str) -> &str {
    let Some(inner) = value
        .strip_prefix('\n')
        .or_else(|| value.strip_prefix("\r\n"))
    else {
        return value;
    };
    inner
        .strip_suffix("\r\n")
        .or_else(|| inner.strip_suffix('\n'))
        .unwrap_or(inner)
}
