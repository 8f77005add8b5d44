//! Commands of sed: `s/old/new/flags`, one or several. How the old half is read, as a text or as
//! an expression, is decided where it is applied, see [`super::super::expression`].

use super::{Edit, EditError, EditKind, Target};

/// Letters that may stand behind the last delimiter. `p` only prints.
const FLAGS: &str = "gimsvrpIMEGx0123456789";

/// Reads a body that is nothing but commands; `None` if anything else is in it. What sed does
/// otherwise is refused where it is no program of its own.
pub(super) fn parse(
    target: Target<'_>,
    body: &str,
    all: bool,
) -> Result<Option<Vec<Edit>>, EditError> {
    match script(body, all)? {
        None if target.is_code() && !target.is_shell() => called(target, body, all),
        found => Ok(found),
    }
}

/// The edits of a body whose lines call sed on the file; the refusal of other commands of sed.
fn called(target: Target<'_>, body: &str, all: bool) -> Result<Option<Vec<Edit>>, EditError> {
    let mut lines = body.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut edits = Vec::new();
    let Some(first) = lines.clone().next() else {
        return Ok(None);
    };
    if !lines
        .clone()
        .all(|line| line.starts_with("sed ") || is_addressed(line))
    {
        return Ok(None);
    }
    let refused = || EditError::SedCommand {
        line: first.to_owned(),
    };
    lines.try_for_each(|line| {
        let (commands, file) = call(line).ok_or_else(refused)?;
        if !target.can_be(&file) {
            return Err(EditError::OtherFile { named: file });
        }
        edits.extend(script(&commands, all)?.ok_or_else(refused)?);
        Ok(())
    })?;
    Ok(Some(edits))
}

/// `4s/a/b/`, `/x/d`, `2,5d`: a command with an address.
fn is_addressed(line: &str) -> bool {
    let Some(mut rest) = behind_address(line) else {
        return false;
    };
    if let Some(second) = rest.strip_prefix(',') {
        let Some(behind) = behind_address(second) else {
            return false;
        };
        rest = behind;
    }
    rest == "d" || command(rest, false).is_some()
}

fn behind_address(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix('$') {
        return Some(rest);
    }
    if let Some(rest) = text.strip_prefix('/') {
        return half(rest, '/')?.1;
    }
    let rest = text.trim_start_matches(|sign: char| sign.is_ascii_digit());
    (rest.len() < text.len()).then_some(rest)
}

/// The script and the file of `sed -i 's/a/b/' file`, if that is all the line says.
fn call(line: &str) -> Option<(String, String)> {
    let words = words(line.strip_prefix("sed ")?)?;
    let is_option = |word: &String| word.is_empty() || word.starts_with('-');
    let mut options = words.iter().filter(|word| is_option(word));
    let plain =
        |word: &String| matches!(word.as_str(), "" | "-e" | "--in-place") || word.starts_with("-i");
    if !options.all(plain) {
        return None;
    }
    let mut words = words.into_iter().filter(|word| !is_option(word));
    let (script, file) = (words.next()?, words.next()?);
    words.next().is_none().then_some((script, file))
}

/// The words of a command line, without their quotes; `None` where a quote is left open.
fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for sign in line.chars() {
        match quote {
            Some(open) if sign == open => quote = None,
            None if matches!(sign, '"' | '\'') => {
                quote = Some(sign);
                word.get_or_insert_default();
            }
            None if sign.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(sign),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

fn script(body: &str, all: bool) -> Result<Option<Vec<Edit>>, EditError> {
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
