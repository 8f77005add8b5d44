//! What holds for any text: nothing panics, streaming changes nothing, what is rendered is read
//! back, edits touch what they name, and time grows with length.

use proptest::prelude::*;

use super::super::{
    Call, Command, Content, Edit, EditKind, Get, Number, Question, Rm, Scan, Scanner, Search, Set,
    Shell, Status, Think, Transfer, Update, apply, edit, render, scan, whole_text, without_forms,
};
use super::place;

/// Text made of what the scanner looks at.
fn tricky() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("<set path=\"a\">"),
        Just("</set>"),
        Just("<get path='b'/>"),
        Just("<get>"),
        Just("</get>"),
        Just("<update status=\"200\">"),
        Just("</update>"),
        Just("</div>"),
        Just("<div>"),
        Just("\n"),
        Just("\n\n"),
        Just("\r\n"),
        Just("```"),
        Just("\n```\n"),
        Just("```xml\n"),
        Just("~~~"),
        Just("`"),
        Just("\""),
        Just("'"),
        Just("<"),
        Just(">"),
        Just("/>"),
        Just("="),
        Just("a"),
        Just(" é "),
        Just("<<<<<<< SEARCH\n"),
        Just("\n=======\n"),
        Just(">>>>>>> REPLACE\n"),
        Just("path=\"x"),
        Just("&lt;"),
        Just("…"),
        Just("\t"),
        Just("<sh"),
        Just("</s"),
        Just("<tool_call>"),
        Just("</tool_call>"),
        Just("{\"name\":\"set\",\"arguments\":{"),
        Just("\"path\":\"x\""),
        Just("}"),
        Just("[TOOL_CALLS]"),
        Just("<function=set>"),
        Just("<parameter=path>"),
        Just("</parameter>"),
        Just("<|tool_call>call:set{path:<|\"|>"),
        Just("<|python_tag|>set(path='"),
        Just("<｜tool▁call▁begin｜>set<｜tool▁sep｜>"),
        Just("<|channel|>commentary to=get<|message|>"),
        Just("```tool_code\n"),
        Just("```json\n"),
        Just("*** Begin Patch\n*** Update File: x\n@@\n-a\n"),
        Just("*** End Patch\n"),
        Just("\\"),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// What bodies and values are made of: plain text, and everything that means something elsewhere.
fn piece() -> impl Strategy<Value = String> {
    let special = prop::sample::select(vec![
        "<get path=\"x\"/>",
        "<rm>y</rm>",
        "<set path='z'>",
        "</get>",
        "</div>",
        "<div class=\"a\">",
        "Vec<String>",
        "<Comp onClick={() => a > 1}/>",
        "a <b",
        "cat <<EOF\n<x>\nEOF\n",
        "&amp; &lt;",
        "`code`",
        "`",
        "``",
        "<br>",
        "<!-- c -->",
        "<![CDATA[ x ]]>",
        "\r\n",
        "\r",
        "\0",
        "\u{feff}",
        "😀",
        "é",
        "{",
        "}",
        "[",
        "]",
        "(",
        "\"",
        "'",
        "\\",
        ";",
        ",",
        "=",
        "\t",
        " ",
        "<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>> REPLACE\n",
        "=======",
        "\n=====\n",
        ">>>>>>> REPLACE",
        "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n",
        "s/a/b/",
        "{\"search\": \"a\", \"replace\": \"b\"}",
        "<old_text>a</old_text><new_text>b</new_text>",
        "*** Begin Patch\n*** Delete File: x\n*** End Patch\n",
        "*** Begin Patch",
        "{\"name\":\"rm\",\"arguments\":{\"path\":\"x\"}}",
        "<tool_call>",
        "</tool_call>",
        "[TOOL_CALLS]",
        "<function=rm><parameter=path>x</parameter></function>",
        "<|im_end|>",
        "</s>",
        "<|\"|>",
        "```xml\n</set>\n```\n",
        "```\n</think></update>\n```\n",
        "\n~~~\n</set>\n~~~\n",
        "```json\n{}\n```\n",
        "\n```\n",
        "</set>",
        "</update>",
        "</think>",
        "</sh>",
        "<",
        "</",
        "<|",
    ]);
    prop_oneof![
        4 => "[a-zé ]{0,12}",
        1 => "[ -~é]{0,16}",
        3 => Just("\n".to_owned()),
        5 => special.prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

/// Any text.
fn wild() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..10).prop_map(|pieces| pieces.concat())
}

/// A value as a field holds it: never empty.
fn value() -> impl Strategy<Value = String> {
    wild().prop_filter("a field is not empty", |text| !text.is_empty())
}

fn optional() -> impl Strategy<Value = Option<String>> {
    prop::option::of(value())
}

fn number() -> impl Strategy<Value = Option<Number>> {
    prop::option::of(prop_oneof![
        any::<i64>().prop_map(Number::Value),
        "[a-z]{1,5}".prop_map(Number::Invalid),
    ])
}

fn content() -> impl Strategy<Value = Content> {
    let attributes = (value(), wild(), any::<bool>());
    let whole = (wild(), any::<bool>());
    let blocks = prop::collection::vec((wild(), wild()), 1..4);
    prop_oneof![
        1 => Just(Content::Absent),
        6 => wild().prop_map(Content::Text),
        2 => attributes.prop_map(|(search, replace, all)| {
            Content::Edits(vec![Edit::attributes(search, replace, all)])
        }),
        1 => whole.prop_map(|(replace, all)| {
            Content::Edits(vec![Edit { all, ..Edit::whole(replace) }])
        }),
        2 => (blocks, any::<bool>(), any::<bool>()).prop_map(|(halves, first, others)| {
            let edits = halves.into_iter().enumerate().map(|(index, (search, replace))| Edit {
                all: if index == 0 { first } else { others },
                ..Edit::block(search, replace)
            });
            Content::Edits(edits.collect())
        }),
    ]
}

fn set() -> impl Strategy<Value = Call> {
    let fields = (optional(), content(), optional(), optional(), any::<bool>());
    let sets = fields.prop_map(|(path, content, visibility, summary, preview)| Set {
        path,
        content,
        visibility,
        summary,
        preview,
        ..Set::default()
    });
    sets.prop_filter("it has a written form", has_written_form)
        .prop_map(Call::Set)
}

/// Whether a `set` carries no mark of an edit where that would be read as one.
fn has_written_form(set: &Set) -> bool {
    let path = set.path.as_deref();
    match &set.content {
        Content::Text(text) => {
            let is_described = set.visibility.is_some() || set.summary.is_some();
            edit::parse(path, text, false) == Ok(None) && !(text.trim().is_empty() && is_described)
        }
        Content::Edits(edits) => match edits.as_slice() {
            [edit] if edit.search.is_none() && edit::is_marked(path, &edit.replace) => {
                !edit.replace.contains("</set>")
            }
            _ => true,
        },
        Content::Absent | Content::Unparsable(_) => true,
    }
}

/// Whether the form in which a call's edits stand can hold them: blocks of which all or none change
/// every place, attributes without the marks of an edit; and nothing that closes the tag early.
fn has_own_form(call: &Call) -> bool {
    let Call::Set(Set {
        path,
        content: Content::Edits(edits),
        ..
    }) = call
    else {
        return true;
    };
    edits.iter().all(|edit| {
        let search = edit.search.as_deref().unwrap_or("");
        let has_closer = search.contains("</set>") || edit.replace.contains("</set>");
        let is_marked = || edit::is_marked(path.as_deref(), &edit.replace);
        match edit.kind {
            EditKind::Attributes => !is_marked(),
            _ => edit.all == edits[0].all && !has_closer,
        }
    })
}

/// Calls as they are compared: where those that were written had to take another form, without it.
fn comparable(calls: &[Call], written: &[Call]) -> Vec<Call> {
    let calls = calls.iter().cloned().enumerate();
    let compared = calls.map(|(index, call)| {
        if written.get(index).is_none_or(has_own_form) {
            call
        } else {
            without_forms(call)
        }
    });
    compared.collect()
}

fn shell() -> impl Strategy<Value = Shell> {
    (optional(), any::<bool>()).prop_map(|(command, preview)| Shell {
        command,
        preview,
        ..Shell::default()
    })
}

fn transfer() -> impl Strategy<Value = Transfer> {
    (optional(), optional(), optional(), any::<bool>()).prop_map(
        |(path, to, visibility, preview)| Transfer {
            path,
            to,
            filter: None,
            visibility,
            preview,
        },
    )
}

fn said() -> impl Strategy<Value = String> {
    wild()
}

fn call() -> impl Strategy<Value = Call> {
    let get = (optional(), optional(), number(), number(), any::<bool>());
    let option = wild()
        .prop_map(|text| text.replace('\n', " ").trim().to_owned())
        .prop_filter("an option is not empty", |text| !text.is_empty());
    let question = (
        optional(),
        prop::collection::vec(option, 0..3),
        any::<bool>(),
    );
    let status = prop_oneof![
        Just(Status::Missing),
        any::<u16>().prop_map(Status::Code),
        "[a-z]{1,5}".prop_map(Status::Invalid),
    ];
    prop_oneof![
        4 => set(),
        1 => get.prop_map(|(path, filter, line, limit, preview)| Call::Get(Get {
            path, filter, line, limit, preview, ..Get::default()
        })),
        1 => (optional(), optional(), any::<bool>())
            .prop_map(|(path, filter, preview)| Call::Rm(Rm { path, filter, preview })),
        1 => transfer().prop_map(Call::Mv),
        1 => transfer().prop_map(Call::Cp),
        1 => (optional(), number(), any::<bool>())
            .prop_map(|(query, results, preview)| Call::Search(Search { query, results, preview })),
        1 => shell().prop_map(Call::Sh),
        1 => shell().prop_map(Call::Env),
        1 => question.prop_map(|(question, options, preview)| {
            Call::AskUser(Question { question, options, preview })
        }),
        1 => (said(), status).prop_map(|(body, status)| Call::Update(Update { body, status })),
        1 => said().prop_map(|body| Call::Think(Think { body })),
    ]
}

fn rendered(call: Call) -> String {
    render(&Command {
        call,
        place: place(1, 1),
    })
}

/// Feeds `text` in chunks whose sizes in characters cycle through `sizes`.
fn in_chunks(text: &str, sizes: &[usize], max_commands: usize) -> Scan {
    let mut scanner = Scanner::new(max_commands);
    let mut characters = text.chars();
    for size in sizes.iter().cycle() {
        let chunk: String = characters.by_ref().take(*size).collect();
        if chunk.is_empty() {
            break;
        }
        scanner.push(&chunk);
        let _ = scanner.open();
    }
    scanner.finish()
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1_usize..30, 1..8)
}

/// How often a property is tried: ten thousand times where time does not matter.
fn cases(usual: u32) -> ProptestConfig {
    let slow = std::env::var_os("RUMMY_SLOW").is_some();
    ProptestConfig::with_cases(if slow { 10_000 } else { usual })
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn rendered_commands_are_read_back_whole_and_in_chunks(
        calls in prop::collection::vec(call(), 0..6),
        sizes in sizes(),
    ) {
        let tags: Vec<String> = calls.iter().cloned().map(rendered).collect();
        let text = tags.join("\n");
        let whole = scan(&text, 99);
        prop_assert_eq!(in_chunks(&text, &sizes, 99), whole.clone(), "{}", text);
        prop_assert_eq!(&whole.advisories, &[], "{}", text);
        let read: Vec<Call> = whole.commands.into_iter().map(|command| command.call).collect();
        prop_assert_eq!(comparable(&read, &calls), comparable(&calls, &calls), "{}", text);
    }
}

proptest! {
    #[test]
    fn chunks_change_nothing(text in tricky(), sizes in sizes(), most in 0_usize..6) {
        prop_assert_eq!(in_chunks(&text, &sizes, most), scan(&text, most));
    }

    #[test]
    fn a_rendered_command_is_read_back(call in call(), sizes in sizes()) {
        let text = rendered(call.clone());
        let mut scan = in_chunks(&text, &sizes, 99);
        let read: Vec<Call> = scan.commands.drain(..).map(|command| command.call).collect();
        let written = [call];
        prop_assert_eq!(comparable(&read, &written), comparable(&written, &written), "{}", text);
        prop_assert_eq!(scan, Scan::default(), "{}", text);
    }

    #[test]
    fn bytes_outside_of_the_edit_stay(
        before in "(\u{feff})?([a-c ]{0,4}\r?\n){0,4}",
        old in "[x-z]{3,6}(\n[x-z]{3,6}){0,2}",
        after in "((\r?\n)[a-c \t]{0,4}){0,4}",
        new in "[a-zé$\\\\&\t]{1,8}(\n[a-zé]{1,8}){0,2}",
    ) {
        let file = [before.as_str(), &old, &after].concat();
        // A line that both halves have stays with its own end.
        prop_assume!(!old.lines().any(|line| new.lines().any(|other| line == other)));
        let edit = Edit::block(old, new.clone());
        if let Ok(applied) = apply(&file, &[edit]) {
            prop_assert!(applied.text.starts_with(&before));
            prop_assert!(applied.text.ends_with(&after));
            let middle = &applied.text[before.len()..applied.text.len() - after.len()];
            prop_assert_eq!(middle.replace("\r\n", "\n"), new);
        }
    }

    #[test]
    fn an_edit_that_changes_nothing_changes_nothing(
        file in "(\u{feff})?[a-c \t]{0,3}((\r?\n)[a-c \t]{0,6}){0,8}",
        from in 0_usize..8,
        count in 1_usize..4,
    ) {
        let lines = file.trim_start_matches('\u{feff}').lines();
        let half: Vec<&str> = lines.skip(from).take(count).collect();
        let half = half.join("\n");
        let edit = Edit::block(half.clone(), half.clone());
        if !half.trim().is_empty() && let Ok(applied) = apply(&file, &[edit]) {
            prop_assert_eq!(applied.text, file);
        }
    }

    #[test]
    fn any_edits_apply_or_are_refused(
        file in tricky(),
        halves in prop::collection::vec((prop::option::of(tricky()), tricky(), any::<bool>()), 0..3),
    ) {
        let edits: Vec<Edit> = halves
            .into_iter()
            .map(|(search, replace, all)| Edit { search, all, ..Edit::whole(replace) })
            .collect();
        let _ = apply(&file, &edits);
    }

    #[test]
    fn a_whole_text_ends_as_the_one_before(
        previous in "[a-c]{1,3}(\r?\n[a-c]{0,3}){0,3}",
        body in "[a-z]{1,3}(\n[a-z]{1,3}){0,3}",
    ) {
        let text = whole_text(Some(&previous), &body);
        prop_assert_eq!(text.ends_with('\n'), previous.ends_with('\n'));
        prop_assert_eq!(text.lines().collect::<Vec<_>>(), body.lines().collect::<Vec<_>>());
    }
}

/// 128 KiB of each, which a quadratic pass would need minutes for: nobody would wait for this test.
#[test]
fn hostile_texts_are_scanned_in_pieces_as_they_are_whole() {
    let length = 1 << 17;
    for unit in [
        "<set path=\"a\">\n",
        "<set path=\"a\">\n```x\n</set>\n",
        "<set>\n```x\n</set>\nfoo\n",
        "```x\n",
        "```x\n<rm>\n",
        "`",
        "` `` ",
        "<",
        "</",
        "<get path=\"",
        "<get path='a\n",
        "<sh command=\"x ",
        "</x>\n<get",
        "<a>",
        "&",
        "</set>",
        "<think>\n</x>\n",
        "~~~\n```\n",
        "<<<<<<< SEARCH\n",
        "<<< SEARCH\n====\n",
        "<get path=\"a\" ",
        "\" ",
        "{\"name\":\"search\",\"arguments\":{",
        "</think>\n",
        "<rm path=\"a\">\n</think>\n",
        "<thinking>",
        "<!-- ",
        "</s>\n",
        "```x\n</file>\n",
        "<set path=\"a\">\n```x\n</file>\n<rm>\n",
        "[get(path=\"a\"), ",
        "[get(path=\"\n",
        "<tool_use><name>get</name><input><path>",
        "<tool_call>get\n<arg_key>path</arg_key>",
        "<thinking>\n<set path=\"a\">\n</thinking>\nx\n</set>\n",
        "<thinking>\n<sh>\n",
        "<!--\n<set path=\"a\">\n-->\n</set>\n",
        "I use <set> there.\n",
        "I use <set> there.\n<get path=\"a\"/>\n",
        "<set path=\"a\">\n```x\n<set>\n</set>\n```\n",
        "<sh>\n<sh>\n</sh>\n",
        "<|im_end|>x",
    ] {
        let plain = unit.repeat(length / unit.len());
        let enclosed = [
            "<set path=\"x\">
",
            &plain,
            "
```
</set>",
        ]
        .concat();
        for text in [plain, enclosed] {
            let whole = scan(&text, 99);
            let mut scanner = Scanner::new(99);
            for chunk in text.as_bytes().chunks(512) {
                scanner.push(std::str::from_utf8(chunk).unwrap());
            }
            assert_eq!(scanner.finish(), whole);
        }
    }
}

/// 512 KiB of each, for the same reason.
#[test]
fn edits_on_hostile_files_are_refused_or_change_only_the_lines_they_name() {
    for (unit, search) in [
        ("a\n", "a\na\na\nb"),
        (
            "let value = compute();\n",
            "let valve = compote();\nlet valve",
        ),
        ("\n", "x"),
        ("abcdefghij", "abcdefghijk"),
        ("// ... existing code ...\n", "// ... existing code ...\nb"),
    ] {
        let file = unit.repeat((1 << 19) / unit.len());
        let edit = Edit::block(search.repeat(200), "y");
        if let Ok(applied) = apply(&file, &[edit]) {
            assert!(applied.text.contains('y') && applied.text.len() < file.len() + 2);
        }
    }
}
