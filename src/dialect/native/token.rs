//! Special tokens that leak from a chat template into the text: they are dropped where they stand
//! outside of commands.

/// No token is longer than this, in bytes.
const MAX_TOKEN: usize = 64;

/// Tokens that end the model's turn.
pub(in super::super) const ENDS: [&str; 7] = [
    "<|im_end|>",
    "<|eot_id|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<end_of_turn>",
    "<｜end▁of▁sentence｜>",
    PLAIN_END,
];

/// The one that is an HTML tag too: it counts on a line of its own.
pub(in super::super) const PLAIN_END: &str = "</s>";

/// Tokens without the signs that mark the others.
const PLAIN: [&str; 22] = [
    "</s>",
    "<bos>",
    "<eos>",
    "<pad>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<tool_call>",
    "</tool_call>",
    "<tool_calls>",
    "</tool_calls>",
    "<function_call>",
    "</function_call>",
    "<function_calls>",
    "</function_calls>",
    "<antml:function_calls>",
    "</antml:function_calls>",
    "</tool_use>",
    "</function>",
    "</invoke>",
    "[TOOL_CALLS]",
    "[/TOOL_CALLS]",
    "<|\"|>",
];

/// The length of the token that `rest` begins with: `<|name|>`, `<|name>`, `<name|>`, their kin
/// with full-width bars, or a plain one.
pub(in super::super) fn length(rest: &str) -> Option<usize> {
    if let Some(token) = PLAIN.iter().find(|token| rest.starts_with(**token)) {
        return Some(token.len());
    }
    let inner = rest.strip_prefix('<')?;
    let opened = inner.strip_prefix(['|', '｜']);
    let name = opened.unwrap_or(inner);
    let is_name = |next: char| next.is_ascii_alphanumeric() || "_-/▁".contains(next);
    let length: usize = name
        .chars()
        .take(MAX_TOKEN)
        .take_while(|next| is_name(*next))
        .map(char::len_utf8)
        .sum();
    let behind = &name[length..];
    let closed = behind.strip_prefix(['|', '｜']);
    let end = closed.unwrap_or(behind).strip_prefix('>')?;
    let marked = opened.is_some() || closed.is_some();
    (marked && length > 0).then(|| rest.len() - end.len())
}

#[cfg(test)]
mod tests {
    #[test]
    fn tokens_are_told_from_other_text() {
        for (text, token) in [
            ("<|im_end|>x", Some("<|im_end|>")),
            ("<|\"|>", Some("<|\"|>")),
            ("</s>", Some("</s>")),
            ("<tool_call|> x", Some("<tool_call|>")),
            ("<|tool_call>", Some("<|tool_call>")),
            ("<｜end▁of▁sentence｜>", Some("<｜end▁of▁sentence｜>")),
            ("<|> x", None),
            ("<| fun x |>", None),
            ("<div>", None),
            ("<s>", None),
        ] {
            let length = super::length(text);
            assert_eq!(length.map(|length| &text[..length]), token, "{text}");
        }
    }
}
