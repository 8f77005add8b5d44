//! Character references in attribute values. Bodies have none: they are taken byte for byte.

use std::borrow::Cow;

/// No reference is longer than this, the ampersand and the semicolon included.
const LONGEST: usize = 12;

/// Replaces the five named references of XML and the numeric ones. Anything else that looks like
/// a reference stays as it is: `a && b;` and `?x=1&y=2` are values too.
pub(super) fn decode(value: &str) -> Cow<'_, str> {
    let Some(first) = value.find('&') else {
        return Cow::Borrowed(value);
    };
    let (plain, mut rest) = value.split_at(first);
    let mut decoded = plain.to_owned();
    while let Some(at) = rest.find('&') {
        decoded.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some((character, length)) = reference(rest) {
            decoded.push(character);
            rest = &rest[length..];
        } else {
            decoded.push('&');
            rest = &rest[1..];
        }
    }
    decoded.push_str(rest);
    Cow::Owned(decoded)
}

/// Writes a value so that it can stand between double quotes on one line.
pub(super) fn encode(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '&' => encoded.push_str("&amp;"),
            '<' => encoded.push_str("&lt;"),
            '>' => encoded.push_str("&gt;"),
            '"' => encoded.push_str("&quot;"),
            '\n' => encoded.push_str("&#10;"),
            '\r' => encoded.push_str("&#13;"),
            '`' => encoded.push_str("&#96;"),
            other => encoded.push(other),
        }
    }
    encoded
}

/// The character that `text`, which starts with an ampersand, refers to, and the bytes it takes.
fn reference(text: &str) -> Option<(char, usize)> {
    let semicolon = text.bytes().take(LONGEST).position(|byte| byte == b';')?;
    let character = match &text[1..semicolon] {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        name => numeric(name.strip_prefix('#')?)?,
    };
    Some((character, semicolon + 1))
}

fn numeric(digits: &str) -> Option<char> {
    let (digits, radix) = match digits.strip_prefix(['x', 'X']) {
        Some(hex) => (hex, 16),
        None => (digits, 10),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None; // `from_str_radix` would take a sign
    }
    match u32::from_str_radix(digits, radix) {
        Ok(code) => char::from_u32(code),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_true_references_are_decoded() {
        for (written, meant) in [
            ("a &lt; b &amp;&amp; c", "a < b && c"),
            ("&quot;&apos;&#65;&#x1F600;", "\"'A😀"),
            ("cd x && make; ls", "cd x && make; ls"),
            ("?x=1&y=2", "?x=1&y=2"),
            ("&amp;lt;", "&lt;"),
            ("&#xD800; &#; &#+65; &;", "&#xD800; &#; &#+65; &;"),
            ("&copy; &", "&copy; &"),
        ] {
            assert_eq!(decode(written), meant);
        }
    }

    proptest! {
        #[test]
        fn decoding_takes_back_encoding(value in any::<String>()) {
            let encoded = encode(&value);
            prop_assert_eq!(decode(&encoded), value);
        }

        #[test]
        fn any_text_decodes(value in "[&#x0-9a-z;é ]{0,40}") {
            let _ = decode(&value);
        }
    }
}
