//! Signs that look alike, made alike: quotes and dashes as editors set them, blanks of other
//! widths, signs of no width, composed and decomposed letters.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;

/// A line with the plain form of every sign. Only compared, never written.
pub(super) fn folded(line: &str) -> Cow<'_, str> {
    if line.is_ascii() {
        return Cow::Borrowed(line);
    }
    let composed = ComposingNormalizerBorrowed::new_nfc().normalize(line);
    let mut text = String::with_capacity(composed.len());
    for sign in composed.chars() {
        match sign {
            '‘' | '’' | '‚' | '‛' | '′' => text.push('\''),
            '“' | '”' | '„' | '‟' | '″' => text.push('"'),
            '‐'..='―' | '−' => text.push('-'),
            '…' => text.push_str("..."),
            '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}' => {}
            sign if sign != '\t' && sign.is_whitespace() => text.push(' '),
            sign => text.push(sign),
        }
    }
    Cow::Owned(text)
}
