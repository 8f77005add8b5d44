//! Values as tool calls write them: JSON, Gemma's notation and Python literals, read by one reader
//! into JSON values.
//!
//! The reader forgives what models get wrong (a raw line break in a string, a comma too many,
//! brackets left open where the call ends) and nothing that would change what a value says.
//!
//! **Invariant**: a read that fails says how far it came, and no byte before that is worth another
//! try; depth is bounded, so is the stack.

use memchr::{memchr2, memmem};
use serde_json::{Map, Value};

/// Deeper values are not read.
const MAX_DEPTH: usize = 64;

/// The quotes of Gemma, a token of its own.
const GEMMA_QUOTE: &str = "<|\"|>";

/// What ends a call from outside, whatever is still open in it.
const TERMINATORS: [&str; 5] = ["</", "<|", "<｜", "```", "[/"];

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notation {
    Json,
    /// Bare keys, `=` for `:`, and values in any quotes or in none.
    Gemma,
    /// Literals of Python.
    Python,
}

/// No value stands there, or not a whole one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken {
    /// The first byte that does not fit.
    pub at: usize,
}

pub(super) struct Reader<'t> {
    text: &'t str,
    notation: Notation,
    pub position: usize,
    /// Whether brackets were left open at the end.
    pub cut: bool,
}

impl<'t> Reader<'t> {
    pub(super) const fn new(text: &'t str, position: usize, notation: Notation) -> Self {
        Self {
            text,
            notation,
            position,
            cut: false,
        }
    }

    pub(super) fn rest(&self) -> &'t str {
        &self.text[self.position..]
    }

    pub(super) fn skip_blanks(&mut self) {
        self.position += self.rest().len() - self.rest().trim_start().len();
    }

    /// Steps over `mark` if it comes next.
    pub(super) fn eat(&mut self, mark: &str) -> bool {
        let found = self.rest().starts_with(mark);
        if found {
            self.position += mark.len();
        }
        found
    }

    pub(super) const fn broken<T>(&self) -> Result<T, Broken> {
        Err(Broken { at: self.position })
    }

    pub(super) fn value(&mut self) -> Result<Value, Broken> {
        self.value_at(0)
    }

    /// Reads the pairs behind an opening bracket, up to `close`.
    pub(super) fn members(&mut self, close: &str) -> Result<Map<String, Value>, Broken> {
        self.members_at(close, 1)
    }

    fn value_at(&mut self, depth: usize) -> Result<Value, Broken> {
        self.skip_blanks();
        if depth >= MAX_DEPTH {
            return self.broken();
        }
        if self.eat("{") {
            return self.members_at("}", depth + 1).map(Value::Object);
        }
        if self.eat("[") {
            return self.items_at("]", depth + 1).map(Value::Array);
        }
        if self.notation == Notation::Python && self.eat("(") {
            return self.items_at(")", depth + 1).map(Value::Array);
        }
        match self.string()? {
            Some(text) => Ok(Value::String(text)),
            None => self.word(),
        }
    }

    fn members_at(&mut self, close: &str, depth: usize) -> Result<Map<String, Value>, Broken> {
        let mut members = Map::new();
        while !self.closes(close) {
            let key = self.key()?;
            self.skip_blanks();
            let bound = self.eat(":") || (self.notation != Notation::Json && self.eat("="));
            if !bound {
                return self.broken();
            }
            let value = self.value_at(depth)?;
            members.entry(key).or_insert(value);
            self.separator(close)?;
        }
        Ok(members)
    }

    fn items_at(&mut self, close: &str, depth: usize) -> Result<Vec<Value>, Broken> {
        let mut items = Vec::new();
        while !self.closes(close) {
            items.push(self.value_at(depth)?);
            self.separator(close)?;
        }
        Ok(items)
    }

    /// Whether a bracket is closed here, if only by the end of the call.
    fn closes(&mut self, close: &str) -> bool {
        self.skip_blanks();
        self.eat(close) || self.is_cut()
    }

    fn is_cut(&mut self) -> bool {
        let rest = self.rest();
        let cut = rest.is_empty() || TERMINATORS.iter().any(|end| rest.starts_with(end));
        // Gemma's quote begins as a terminator does.
        let cut = cut && !rest.starts_with(GEMMA_QUOTE);
        self.cut |= cut;
        cut
    }

    /// A comma, or what comes behind the last value of a bracket.
    fn separator(&mut self, close: &str) -> Result<(), Broken> {
        self.skip_blanks();
        if self.eat(",") || self.rest().starts_with(close) || self.is_cut() {
            return Ok(());
        }
        self.broken()
    }

    fn key(&mut self) -> Result<String, Broken> {
        if let Some(key) = self.string()? {
            return Ok(key);
        }
        let length = self.word_length();
        if self.notation == Notation::Json || length == 0 {
            return self.broken();
        }
        let key = self.rest()[..length].to_owned();
        self.position += length;
        Ok(key)
    }

    /// The length of the name or number that comes next.
    pub(super) fn word_length(&self) -> usize {
        let inner = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-+.".contains(byte);
        self.rest().bytes().take_while(inner).count()
    }

    /// A value that is neither bracket nor string.
    fn word(&mut self) -> Result<Value, Broken> {
        let bare = self.notation == Notation::Gemma;
        let length = if bare {
            let end = self.rest().find([',', '}', ']', '\n']);
            end.unwrap_or(self.rest().len())
        } else {
            self.word_length()
        };
        let word = self.rest()[..length].trim_end();
        let value = match word {
            "" => return self.broken(),
            "true" | "True" => Value::Bool(true),
            "false" | "False" => Value::Bool(false),
            "null" | "None" => Value::Null,
            number => match serde_json::from_str(number) {
                Ok(number @ Value::Number(_)) => number,
                _ if bare => Value::String(word.to_owned()),
                _ => return self.broken(),
            },
        };
        self.position += length;
        Ok(value)
    }

    /// A string, if one comes next. Python joins those that stand side by side.
    fn string(&mut self) -> Result<Option<String>, Broken> {
        let Some(mut text) = self.literal()? else {
            return Ok(None);
        };
        while self.notation == Notation::Python {
            let end = self.position;
            self.skip_blanks();
            let Some(more) = self.literal()? else {
                self.position = end;
                break;
            };
            text.push_str(&more);
        }
        Ok(Some(text))
    }

    fn literal(&mut self) -> Result<Option<String>, Broken> {
        if self.notation == Notation::Gemma && self.eat(GEMMA_QUOTE) {
            return self.until(GEMMA_QUOTE).map(Some);
        }
        let raw = self.skip_prefix();
        let quotes: &[&str] = match self.notation {
            Notation::Json => &["\""],
            Notation::Gemma => &["\"", "'"],
            Notation::Python => &["\"\"\"", "'''", "\"", "'"],
        };
        let Some(quote) = quotes.iter().find(|quote| self.eat(quote)) else {
            return Ok(None);
        };
        self.escaped(quote, raw).map(Some)
    }

    /// Steps over the prefix of a Python literal and says whether it makes the string a raw one.
    fn skip_prefix(&mut self) -> bool {
        let rest = self.rest();
        let inner = rest.trim_start_matches(['r', 'R', 'b', 'B', 'u', 'U', 'f', 'F']);
        let length = rest.len() - inner.len();
        if self.notation != Notation::Python || length > 2 || !inner.starts_with(['"', '\'']) {
            return false;
        }
        self.position += length;
        rest[..length].contains(['r', 'R'])
    }

    fn until(&mut self, quote: &str) -> Result<String, Broken> {
        let rest = self.rest();
        let Some(length) = memmem::find(rest.as_bytes(), quote.as_bytes()) else {
            self.position = self.text.len();
            return self.broken();
        };
        self.position += length + quote.len();
        Ok(rest[..length].to_owned())
    }

    /// The rest of a string, up to the quote that opened it.
    fn escaped(&mut self, quote: &str, raw: bool) -> Result<String, Broken> {
        let mut text = String::new();
        let mark = quote.as_bytes()[0];
        loop {
            let rest = self.rest();
            let Some(length) = memchr2(mark, b'\\', rest.as_bytes()) else {
                self.position = self.text.len();
                return self.broken();
            };
            text.push_str(&rest[..length]);
            self.position += length;
            if self.eat(quote) {
                return Ok(text);
            }
            if rest.as_bytes()[length] == mark {
                text.push(char::from(mark));
                self.position += 1;
            } else {
                self.position += escape(&rest[length..], raw, &mut text);
            }
        }
    }
}

/// Writes what the escape that `rest` begins with stands for, and says how long it is. One of no
/// meaning stands for itself.
fn escape(rest: &str, raw: bool, text: &mut String) -> usize {
    let Some(sign) = rest[1..].chars().next() else {
        text.push('\\');
        return 1;
    };
    let length = 1 + sign.len_utf8();
    if raw {
        text.push_str(&rest[..length]);
        return length;
    }
    if matches!(sign, 'u' | 'x')
        && let Some((character, length)) = code_point(rest, if sign == 'u' { 4 } else { 2 })
    {
        text.push(character);
        return length;
    }
    match sign {
        'n' => text.push('\n'),
        't' => text.push('\t'),
        'r' => text.push('\r'),
        'b' => text.push('\u{8}'),
        'f' => text.push('\u{c}'),
        '"' | '\'' | '\\' | '/' => text.push(sign),
        '\n' => {}
        _ => text.push_str(&rest[..length]),
    }
    length
}

/// The character of a `\u` or `\x` escape. Half of a surrogate pair stands for nothing that a text
/// can hold.
fn code_point(rest: &str, digits: usize) -> Option<(char, usize)> {
    let unit = |from: usize| {
        let digits = rest.get(from..from + digits)?;
        match u32::from_str_radix(digits, 16) {
            Ok(unit) if !digits.starts_with('+') => Some(unit),
            _ => None,
        }
    };
    let first = unit(2)?;
    let length = 2 + digits;
    if let Some(character) = char::from_u32(first) {
        return Some((character, length));
    }
    let second = rest[length..].strip_prefix("\\u").and(unit(length + 2));
    match second {
        Some(second @ 0xDC00..=0xDFFF) if first < 0xDC00 => {
            let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
            char::from_u32(code).map(|character| (character, 2 * length))
        }
        _ => Some((char::REPLACEMENT_CHARACTER, length)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(text: &str, notation: Notation) -> Result<Value, Broken> {
        Reader::new(text, 0, notation).value()
    }

    #[test]
    fn each_notation_has_its_quotes_and_words() {
        use Notation::{Gemma, Json, Python};
        for (text, notation, value) in [
            (
                r#"{"a": [1, -2.5, true, null], "b": {}}"#,
                Json,
                json!({"a": [1, -2.5, true, null], "b": {}}),
            ),
            (
                r#"{"a": "\"\\\/\n\u00e9\ud83d\ude00\ud83d!\q",}"#,
                Json,
                json!({"a": "\"\\/\né😀\u{fffd}!\\q"}),
            ),
            ("{\"a\": \"one\n\ttwo\"}", Json, json!({"a": "one\n\ttwo"})),
            ("{\"a\": {\"b\": [1", Json, json!({"a": {"b": [1]}})),
            (
                "{\"a\": {\"b\": 1}\n</tool_call>",
                Json,
                json!({"a": {"b": 1}}),
            ),
            (
                "{a:<|\"|>x, \"y\" }<|\"|>,n:3}",
                Gemma,
                json!({"a": "x, \"y\" }", "n": 3}),
            ),
            (
                "{a='x',b=\"y\\n\", c=src/a b.rs, d:true}",
                Gemma,
                json!({"a": "x", "b": "y\n", "c": "src/a b.rs", "d": true}),
            ),
            (
                "{'a': (1, True, None), \"b\": r'\\n' 'x' \"\"\"y\n\"z\"\"\"}",
                Python,
                json!({"a": [1, true, null], "b": "\\nxy\n\"z"}),
            ),
        ] {
            assert_eq!(read(text, notation), Ok(value), "{text}");
        }
    }

    #[test]
    fn what_is_no_value_is_told_with_its_place() {
        for (text, at) in [
            ("{\"a\": b}", 6),
            ("{\"a\" 1}", 5),
            ("{\"a\": \"b\" \"c\"}", 10),
            ("{\"a\": \"b", 8),
            ("[1 2]", 3),
            ("{'a': 1}", 1),
        ] {
            assert_eq!(read(text, Notation::Json), Err(Broken { at }), "{text}");
        }
        assert_eq!(
            read(&"[".repeat(99), Notation::Json),
            Err(Broken { at: MAX_DEPTH })
        );
    }

    proptest! {
        #[test]
        fn json_is_read_as_serde_reads_it(text in any::<String>(), number in any::<i64>(), flag in any::<bool>()) {
            let value = json!({"a": [text.as_str(), number, flag, null], (text.as_str()): {"b": text.as_str()}});
            prop_assert_eq!(read(&value.to_string(), Notation::Json), Ok(value.clone()));
            let pretty = serde_json::to_string_pretty(&value).unwrap();
            prop_assert_eq!(read(&pretty, Notation::Json), Ok(value));
        }
    }
}
