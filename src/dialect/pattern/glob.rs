//! Globs as regular expressions. Translated here rather than by a crate because a pattern is about
//! entries as well as files (`*` behind `://`), counts characters and not bytes, and must neither
//! panic nor grow without limit.

/// What a glob is matched against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A path, in segments.
    Path,
    /// A text, where a slash is a sign like others.
    Body,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Literal(char),
    /// A sign made literal by a backslash.
    Escaped(char),
    /// `?`
    One,
    /// `*`
    Many,
    /// `**`, or `*` behind `://`
    Deep,
    /// `**/` at the start of a segment: any number of segments, none included
    Segments,
    /// `[…]`, as an expression
    Class(String),
    Open,
    Comma,
    Close,
}

impl Token {
    const fn is_sign(&self) -> bool {
        !matches!(self, Self::Literal(_) | Self::Escaped(_))
    }
}

/// Where in a glob the first byte stands that is not just itself. `None` for what is no glob.
pub(super) fn first_sign(pattern: &str) -> Option<usize> {
    let tokens = tokens(pattern);
    tokens.iter().find(|(_, token)| token.is_sign())?;
    let plain = |token: &Token| matches!(token, Token::Literal(_));
    tokens
        .iter()
        .find(|(_, token)| !plain(token))
        .map(|(at, _)| *at)
}

/// The expression that matches what the whole glob matches.
pub(super) fn to_regex(pattern: &str, kind: Kind) -> String {
    let one = match kind {
        Kind::Path => "[^/]",
        Kind::Body => ".",
    };
    let mut expression = String::from(r"(?s)\A(?:");
    for (_, token) in tokens(pattern) {
        match token {
            Token::Literal(sign) | Token::Escaped(sign) => {
                expression.push_str(&regex::escape(sign.encode_utf8(&mut [0; 4])));
            }
            Token::One => expression.push_str(one),
            Token::Many => {
                expression.push_str(one);
                expression.push('*');
            }
            Token::Deep => expression.push_str(".*"),
            Token::Segments => expression.push_str("(?:.*/)?"),
            Token::Class(class) => expression.push_str(&class),
            Token::Open => expression.push_str("(?:"),
            Token::Comma => expression.push('|'),
            Token::Close => expression.push(')'),
        }
    }
    expression.push_str(r")\z");
    expression
}

/// The tokens of a glob and where each begins.
fn tokens(pattern: &str) -> Vec<(usize, Token)> {
    let mut tokens = Vec::new();
    let mut position = 0;
    while let Some(sign) = pattern[position..].chars().next() {
        let (token, length) = token(pattern, position, sign);
        tokens.push((position, token));
        position += length;
    }
    resolve_braces(&mut tokens);
    tokens
}

/// The token at `at`, which begins with `sign`, and its length.
fn token(pattern: &str, at: usize, sign: char) -> (Token, usize) {
    let rest = &pattern[at..];
    let behind = &rest[sign.len_utf8()..];
    match sign {
        '*' => stars(pattern, at),
        '?' => (Token::One, 1),
        '[' => class(rest).unwrap_or((Token::Literal('['), 1)),
        '{' => (Token::Open, 1),
        ',' => (Token::Comma, 1),
        '}' => (Token::Close, 1),
        '\\' => match behind.chars().next() {
            Some(escaped) => (Token::Escaped(escaped), 1 + escaped.len_utf8()),
            None => (Token::Literal('\\'), 1),
        },
        other => (Token::Literal(other), other.len_utf8()),
    }
}

fn stars(pattern: &str, at: usize) -> (Token, usize) {
    let (before, rest) = pattern.split_at(at);
    let count = rest.bytes().take_while(|byte| *byte == b'*').count();
    let starts_segment = before.is_empty() || before.ends_with('/');
    match count {
        1 if before.ends_with("://") => (Token::Deep, 1),
        1 => (Token::Many, 1),
        _ if starts_segment && rest[count..].starts_with('/') => (Token::Segments, count + 1),
        _ => (Token::Deep, count),
    }
}

/// Reads a class that `text` begins with. A `]` right behind the opening is part of it. It matches
/// itself too: `app/[slug]/*` is what a web framework's folder is called.
fn class(text: &str) -> Option<(Token, usize)> {
    let inner = text.strip_prefix('[')?;
    let set = inner.strip_prefix(['!', '^']).unwrap_or(inner);
    let first = set.chars().next()?;
    let end = first.len_utf8() + set[first.len_utf8()..].find(']')?;
    let length = text.len() - set.len() + end + 1;
    let mut expression = ["(?:", &regex::escape(&text[..length]), "|["].concat();
    if set.len() < inner.len() {
        expression.push_str("^/");
    }
    for sign in set[..end].chars() {
        if matches!(sign, '\\' | '[' | ']' | '^' | '&' | '~') {
            expression.push('\\');
        }
        expression.push(sign);
    }
    expression.push_str("])");
    Some((Token::Class(expression), length))
}

/// Braces around at least one comma are a choice; all others, and all other commas, are literal.
fn resolve_braces(tokens: &mut [(usize, Token)]) {
    let mut open: Vec<Vec<usize>> = Vec::new();
    let mut choices = Vec::new();
    for (index, (_, token)) in tokens.iter().enumerate() {
        match token {
            Token::Open => open.push(vec![index]),
            Token::Comma => {
                if let Some(group) = open.last_mut() {
                    group.push(index);
                }
            }
            Token::Close => {
                if let Some(mut group) = open.pop()
                    && group.len() > 1
                {
                    group.push(index);
                    choices.append(&mut group);
                }
            }
            _ => {}
        }
    }
    choices.sort_unstable();
    for (index, (_, token)) in tokens.iter_mut().enumerate() {
        let literal = match token {
            Token::Open => '{',
            Token::Comma => ',',
            Token::Close => '}',
            _ => continue,
        };
        if choices.binary_search(&index).is_err() {
            *token = Token::Literal(literal);
        }
    }
}
