//! The answers of the demo's model, and the replay script that they make.

use std::path::Path;
use std::{fs, io};

use serde_json::json;

/// One a turn. The edit of the open file quotes the line that is not saved, so it can only be
/// applied by a server that reads the editor's text and not the disk's.
const ANSWERS: [&str; 5] = [
    include_str!("script/1_define.txt"),
    include_str!("script/2_discover.txt"),
    include_str!("script/3_discover.txt"),
    include_str!("script/4_deploy.txt"),
    include_str!("script/5_deploy.txt"),
];

/// Characters in a streamed piece, and milliseconds between two pieces: all answers together take
/// about a second.
const PIECE: u32 = 18;
const PAUSE: u32 = 6;

/// Milliseconds before an answer begins.
const THOUGHT: u32 = 40;

/// Writes the script. A call that comes after the last answer is one too many, and fails.
pub fn write(file: &Path) -> io::Result<()> {
    fs::write(file, lines())
}

fn lines() -> String {
    let line = |answer: &&str| {
        let line = json!({
            "answer": answer, "delayMs": THOUGHT, "chunk": PIECE, "chunkDelayMs": PAUSE,
        });
        format!("{line}\n")
    };
    ANSWERS.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::demo::sample;
    use crate::dialect::{Call, Content, apply, scan, whole_text};

    /// Does to the texts what the commands of an answer say.
    fn carry_out(answer: &str, texts: &mut sample::Texts) {
        let heard = scan(answer, 99);
        assert_eq!(heard.advisories, [], "{answer}");
        for command in heard.commands {
            let Call::Set(set) = command.call else {
                continue;
            };
            let path = set.path.unwrap();
            let before = texts.get(&path).map(String::as_str);
            let after = match &set.content {
                Content::Text(body) => whole_text(before, body),
                Content::Edits(edits) => apply(before.unwrap(), edits).unwrap().text,
                other => panic!("{path}: {other:?}"),
            };
            if !path.contains("://") {
                texts.insert(path, after);
            }
        }
    }

    #[test]
    fn the_script_makes_the_expected_project_of_the_sample_and_the_unsaved_line() {
        let mut texts = sample::before();
        let typed = [sample::TYPED_BELOW, sample::TYPED].concat();
        let open = texts[sample::OPEN].replace(sample::TYPED_BELOW, &typed);
        texts.insert(sample::OPEN.to_owned(), open);
        for answer in ANSWERS {
            carry_out(answer, &mut texts);
        }
        assert_eq!(texts, sample::expected());
    }

    #[test]
    fn the_whole_script_streams_in_less_than_two_seconds() {
        let pieces: usize = ANSWERS
            .iter()
            .map(|answer| answer.chars().count().div_ceil(PIECE as usize))
            .sum();
        let waits = pieces * PAUSE as usize + ANSWERS.len() * THOUGHT as usize;
        assert!(waits < 1500, "{waits} ms");
    }
}
