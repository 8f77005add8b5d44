//! Commands of sed: `s/old/new/flags`, one or several. How the old half is read, as a text or as
//! an expression, is decided where it is applied, see [`super::super::expression`].

use super::{Edit, EditError, EditKind};

/// Letters that may stand behind the last delimiter. `p` only prints.
const FLAGS: &str = "gimsvrpIMEGx0123456789";

/// Reads a body that is nothing but commands; `None` if anything else is in it.
pub(super) fn parse(body: &str, all: bool) -> Result<Option<Vec<Edit>>, EditError> {
    let mut rest = body.trim();
    let mut edits = Vec::new();
    while !rest.is_empty() {
        let Some((edit, behind)) = command(rest, all) else {
            return Ok(None);
        };
        edits.push(edit);
        rest = behind.trim_start_matches([';', ' ', '\t', '\r', '\n']);
    }
    let is_counted = |edit: &&Edit| edit.hint.flags.contains(|sign: char| sign.is_ascii_digit());
    if let Some(edit) = edits.iter().find(is_counted) {
        return Err(EditError::SedNumber {
            flags: edit.hint.flags.clone(),
        });
    }
    Ok((!edits.is_empty()).then_some(edits))
}

/// The command that `text` begins with, and what stands behind it.
fn command(text: &str, all: bool) -> Option<(Edit, &str)> {
    let rest = text.strip_prefix('s')?;
    let delimiter = rest.chars().next().filter(|sign| {
        !sign.is_alphanumeric() && !sign.is_whitespace() && !matches!(sign, '_' | '\\')
    })?;
    let (search, rest) = half(&rest[delimiter.len_utf8()..], delimiter)?;
    let rest = rest?;
    let (replace, rest) = half(rest, delimiter)?;
    // Only behind a slash the last delimiter may be missing: `s="a"; b="c"` is no command.
    let (flags, behind) = match rest {
        Some(rest) => flags(rest)?,
        None if delimiter == '/' => ("", text.split_once('\n').map_or("", |(_, behind)| behind)),
        None => return None,
    };
    if search.is_empty() {
        return None;
    }
    let every = all || flags.contains(['g', 'G']);
    let mut edit = Edit::new(EditKind::Sed, Some(search), replace, every);
    edit.hint.flags = flags.replace(['g', 'G', 'p'], "");
    Some((edit, behind))
}

/// A half, its escaped delimiters unescaped, and what stands behind its delimiter: nothing if the
/// line ends before.
fn half(text: &str, delimiter: char) -> Option<(String, Option<&str>)> {
    let mut half = String::new();
    let mut signs = text.char_indices();
    while let Some((at, sign)) = signs.next() {
        if sign == delimiter {
            return Some((half, Some(&text[at + sign.len_utf8()..])));
        }
        match sign {
            '\n' => break,
            '\\' => match signs.next() {
                Some((_, '\n')) => return None,
                Some((_, escaped)) if escaped == delimiter => half.push(escaped),
                Some((_, other)) => half.extend(['\\', other]),
                None => half.push('\\'),
            },
            _ => half.push(sign),
        }
    }
    let kept = half.trim_end_matches('\r').len();
    half.truncate(kept);
    Some((half, None))
}

/// The flags, if what follows them can follow a command.
fn flags(text: &str) -> Option<(&str, &str)> {
    let end = text
        .find(|sign| !FLAGS.contains(sign))
        .unwrap_or(text.len());
    let (flags, behind) = text.split_at(end);
    let ends = behind.is_empty() || behind.starts_with([';', ' ', '\t', '\r', '\n']);
    ends.then_some((flags, behind))
}
