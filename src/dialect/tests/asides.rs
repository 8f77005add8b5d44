//! What stands between commands and is set aside: thoughts, comments, made-up results, what follows
//! the end of the answer; and edits that nothing would make.

use super::{outline, place, read, told};

#[test]
fn what_stands_before_a_lone_closer_of_a_thought_was_thought() {
    let answer =
        "I could do\n<rm path=\"a.py\"/>\nbut that loses code.\n</think>\n\n<get path=\"a.py\"/>";
    let scan = read(answer);
    assert_eq!(outline(&scan), ["think ", "get a.py"]);
    assert_eq!(
        told(&scan),
        [
            "4:1 `</think>` closes a thought that nothing opened: all before it was read as thought, \
          and not run: `rm a.py`."
        ]
    );
    assert_eq!(told(&read("Well.\n</think>\n<get path=\"a\"/>")), [""; 0]);
    assert_eq!(scan.commands[0].place, place(1, 1));
    assert_eq!(scan.commands[1].place, place(6, 1));
    for about in [
        "<set path=\"notes.md\">\nA model ends with </think>.\n</set>",
        "<get path=\"notes.md\"/>\n<sh>\necho '</think>'\n</sh>",
    ] {
        assert!(
            !outline(&read(about)).contains(&"think ".to_owned()),
            "{about}"
        );
    }
}

#[test]
fn a_lone_closer_of_a_thought_is_text_where_the_text_goes_on_through_it() {
    let update = "<update status=\"200\">done</update>";
    for (answer, commands) in [
        (
            "<set path=\"a.py\">x</set>\n@\n</think>\n".to_owned(),
            &["set a.py", "update "][..],
        ),
        (
            "<rm path=\"b\"/>\n{\"name\":\"set\",\"arguments\":{\"path\":\"a\",\"body\":\"</think>\"}}\n@"
                .to_owned(),
            &["rm b", "set a", "update "],
        ),
        (
            "<rm path=\"b\"/>\n*** Begin Patch\n*** Add File: a\n+</think>\n*** End Patch\n@"
                .to_owned(),
            &["rm b", "set a", "update "],
        ),
        (
            "<rm path=\"b\"/>\nThe tag `</think>` ends it.\n@".to_owned(),
            &["rm b", "update "],
        ),
        (
            "<rm path=\"b\"/>\n```html\n</think>\n```\n@".to_owned(),
            &["rm b", "update "],
        ),
        (
            "<rm path=\"b\"/>\n<set path=\"a.html\">\n<p>x</p>\n</think>\n<p>y</p>\n</set>\n@"
                .to_owned(),
            &["rm b", "set a.html", "update "],
        ),
    ] {
        let answer = answer.replace('@', update);
        assert_eq!(outline(&read(&answer)), commands, "{answer}");
    }
    let scan = read(&format!("<rm path=\"b\"/>{update}\n</think><|im_end|>\n"));
    assert_eq!(outline(&scan), ["rm b", "update "]);
    assert_eq!(
        told(&scan),
        ["2:1 Stray `</think>` ignored: nothing was open there."]
    );
}

#[test]
fn a_tag_that_an_unopened_thought_talks_about_is_not_run() {
    for thought in [
        "I could use <rm path=\"a.py\"> here.",
        "I could do:\n<rm path=\"a.py\">",
        "<rm path=\"a.py\"/> and <set path=\"b\">x</set>",
    ] {
        let scan = read(&format!("{thought}\n</think>\n<get path=\"a.py\"/>"));
        assert_eq!(outline(&scan), ["think ", "get a.py"], "{thought}");
    }
}

#[test]
fn a_thought_that_is_opened_needs_no_second_closer() {
    let scan = read("<rm path=\"a\"/>\n<think>x</think>\n</think>\n<get path=\"b\"/>");
    assert_eq!(outline(&scan), ["rm a", "think ", "get b"]);
    let limited = super::super::scan("<rm path=\"a\"/>\n</think>\n<get path=\"b\"/>", 1);
    assert_eq!(outline(&limited), ["think "]);
}

#[test]
fn a_thought_by_another_name_is_a_thought() {
    for name in ["thinking", "thought", "reasoning"] {
        let scan = read(&format!(
            "<{name}>\n<rm path=\"a\"/>\n</{name}>\n<get path=\"b\"/>"
        ));
        assert_eq!(outline(&scan), ["think ", "get b"]);
        assert_eq!(
            told(&scan),
            [format!(
                "1:1 `<{name}>` read as `<think>`, and not run: `rm a`. Think there."
            )]
        );
        let scan = read(&format!("<rm path=\"a\"/>\n</{name}>\n<get path=\"b\"/>"));
        assert_eq!(outline(&scan), ["think ", "get b"]);
    }
}

#[test]
fn a_command_in_a_comment_is_not_run_and_told() {
    let scan = read("<!-- <rm path=\"q.sql\"/> -->\n<get path=\"b\"/>\n<!-- done -->");
    assert_eq!(outline(&scan), ["get b"]);
    assert_eq!(
        told(&scan),
        ["1:6 `<rm>` in an HTML comment was not run: write a command that is meant outside of it."]
    );
    assert_eq!(
        scan.unparsed,
        "<!-- <rm path=\"q.sql\"/> -->\n\n<!-- done -->"
    );
    assert_eq!(outline(&read("a <!-- b\n<get path=\"c\"/>")), ["get c"]);
}

#[test]
fn a_result_that_the_model_made_up_is_not_run_and_told() {
    let scan = read(
        "<get path=\"a\"/>\n<tool_response>\n<rm path=\"b\"/>\n</tool_response>\n<get path=\"c\"/>",
    );
    assert_eq!(outline(&scan), ["get a", "get c"]);
    assert_eq!(
        told(&scan),
        [
            "2:1 `<tool_response>` in an answer is text, and nothing in it was run: results come from \
          the system."
        ]
    );
}

#[test]
fn what_follows_the_end_of_the_turn_is_not_run_and_told() {
    for token in ["<|im_end|>", "<|eot_id|>", "<|endoftext|>", "</s>"] {
        let scan = read(&format!(
            "<get path=\"a\"/>\n{token}\n<|im_start|>user\nyes\n<rm path=\"b\"/>"
        ));
        assert_eq!(outline(&scan), ["get a"], "{token}");
        assert_eq!(
            told(&scan),
            [format!(
                "2:1 `{token}` ended the answer: what follows it was not read."
            )]
        );
        let scan = read(&format!(
            "<set path=\"a\">\n{token}\nx\n</set>\n<rm path=\"b\"/>"
        ));
        assert_eq!(outline(&scan), ["set a", "rm b"], "{token}");
    }
    let scan = read("An <s>old</s> word\n<get path=\"a\"/>");
    assert_eq!(outline(&scan), ["get a"]);
}

#[test]
fn what_is_only_mentioned_hides_no_command() {
    let set = "<set path=\"a.txt\">\nsays </thinking> and --> and </tool_result>\n</set>";
    let answers = [
        ("I dropped the <thinking> block.\n\n@", "set a.txt"),
        ("It prints a <tool_result> element.\n\n@", "set a.txt"),
        ("A comment begins with <!-- there.\n\n@", "set a.txt"),
        ("<thinking>\n\n@", "set a.txt"),
        ("<!--\n\n@", "set a.txt"),
        (
            "<thinking>\n@\n</thinking>\n<get path=\"b\"/>",
            "think |get b",
        ),
        ("<!--\n@\n-->\n<get path=\"b\"/>", "get b"),
        ("Well. <!-- <rm path=\"a\"/> --> <get path=\"b\"/>", "get b"),
        (
            "<thinking>\n<rm path=\"a\">\n</thinking>\n<get path=\"b\"/>",
            "think |get b",
        ),
        ("I will add <|endoftext|> to the tokens.\n\n@", "set a.txt"),
        (
            "@\n<|im_end|> <|im_start|>user\n<rm path=\"b\"/>",
            "set a.txt",
        ),
        ("I will use <set> to fix this.\n\n@", "set a.txt"),
        (
            "I will run it with <sh> first.\n\n<sh>cargo test</sh>",
            "sh cargo test",
        ),
        (
            "I close with <update> at the end.\n\n@\n<update>x</update>",
            "set a.txt|update ",
        ),
        ("I will use <rm> on it.\n\n<rm>old.txt</rm>", "rm old.txt"),
        ("I will use <set> here.\n</think>\n@", "think |set a.txt"),
        (
            "@\nThe tag </think> ends it.\n<get path=\"b\"/>",
            "set a.txt|get b",
        ),
        ("@\n</think>\nAll done.", "set a.txt"),
        ("I see.</think>@", "think |set a.txt"),
        (
            "<thinking>\nx <set path=\"b\">y</set>\n<set path=\"c\">\n```\n<set>\n</set>\n```\n\
             <get path=\"d\"/>\n<sh>\necho </thinking>\n</sh>",
            "set b|set c|get d|sh echo </thinking>",
        ),
    ];
    for (answer, commands) in answers {
        let answer = answer.replace('@', set);
        assert_eq!(outline(&read(&answer)).join("|"), commands, "{answer}");
    }
}

#[test]
fn a_stray_closer_of_a_thought_behind_other_commands_names_no_earlier_one() {
    let scan = read("<think>x</think>\n<get path=\"a\"/>\n</think>");
    assert_eq!(
        told(&scan),
        ["3:1 Stray `</think>` ignored: nothing was open there."]
    );
}

#[test]
fn an_edit_outside_of_any_tag_is_told() {
    let block = "<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE";
    let diff = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b";
    let lost = "1 Edit outside of any tag not made: write it between `<set path=\"…\">` and \
                `</set>`.";
    for (prose, expected) in [
        (block.to_owned(), Some(format!("2:{lost}"))),
        (diff.to_owned(), Some(format!("2:{lost}"))),
        (format!("```diff\n{diff}\n```"), Some(format!("3:{lost}"))),
        (
            "&lt;set path=\"a\"&gt;x&lt;/set&gt;".to_owned(),
            Some("2:1 `&lt;set` is text and was not run: write `<set` as it is.".to_owned()),
        ),
        ("Use &lt;set&gt; for that.".to_owned(), None),
        ("--- a\n+++ b".to_owned(), None),
    ] {
        let scan = read(&format!(
            "Here:\n{prose}\n<update status=\"200\">done</update>"
        ));
        assert_eq!(outline(&scan), ["update "], "{prose}");
        assert_eq!(told(&scan), expected.as_slice(), "{prose}");
    }
    let scan = read(&format!(
        "<set path=\"x\">\n{block}\n</set>\nI did:\n```diff\n{diff}\n```"
    ));
    assert_eq!(told(&scan), [""; 0]);
}
