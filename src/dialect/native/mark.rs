//! The bytes that a call, a patch or a token can begin with, and a glance at what follows them. What
//! really stands there is read by [`super::Natives`].

/// What a call can begin with.
pub(in super::super) const MARKS: [u8; 4] = [b'<', b'{', b'[', b'*'];

/// Whether the mark at the start of `rest` may begin something: a glance, which errs only by letting
/// too much pass, so that a text of nothing but brackets costs no more than another.
pub(in super::super) fn may_begin(rest: &[u8]) -> bool {
    let [mark, inner @ ..] = rest else {
        return false;
    };
    let next = inner.trim_ascii_start();
    match (mark, inner.first()) {
        (b'<', Some(next)) => next.is_ascii_alphabetic() || b"/|!\xef".contains(next),
        (b'*', _) => inner.starts_with(b"**"),
        (b'{', _) => next
            .first()
            .is_some_and(|next| *next == b'"' || !next.is_ascii_graphic()),
        (b'[', _) => match next.first() {
            Some(b'{') => may_begin(next),
            Some(next) => next.is_ascii_alphabetic() || *next == b'/' || !next.is_ascii_graphic(),
            None => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Natives, OPENERS};
    use super::*;

    /// What calls are made of, their openers and tokens above all.
    fn piece() -> impl Strategy<Value = &'static str> {
        let openers: Vec<&str> = OPENERS.iter().map(|(mark, _)| *mark).collect();
        let rest = [
            "{",
            "[",
            "\"name\": \"get\"",
            "\"arguments\": ",
            "}",
            "]",
            " ",
            "\n",
            "\u{a0}",
            "\u{b}",
            "get(path=\"a\")",
            "print(",
            ")",
            ", ",
            "<",
            "*",
            "*** Begin Patch\n",
            "\n*** End Patch",
            "<function=get>",
            "<invoke name=\"get\">",
            "<tool_use>",
            "</s>",
            "<|im_end|>",
            "<pad>",
            "[/TOOL_CALLS]",
            "<|channel|>commentary to=get ",
            "<|start|>",
            "<｜end▁of▁sentence｜>",
            "x",
        ];
        prop::sample::select([openers, rest.to_vec()].concat())
    }

    proptest! {
        #[test]
        fn a_glance_passes_over_nothing_that_is_read(pieces in prop::collection::vec(piece(), 1..8)) {
            let text = pieces.concat();
            for (at, _) in text.char_indices() {
                if !MARKS.contains(&text.as_bytes()[at]) || may_begin(&text.as_bytes()[at..]) {
                    continue;
                }
                prop_assert_eq!(Natives::new(&text).at(at), None, "{:?} at {}", text, at);
            }
        }
    }
}
