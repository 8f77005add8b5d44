//! The patch envelope: bare in an answer, as the body of a `set`, as the argument of a tool call.

use serde_json::json;

use super::super::{Call, Content, Rm, Set, from_call};
use super::{outline, read, text};

const PATCH: &str = "*** Begin Patch
*** Add File: new.txt
+one
+two
*** Update File: src/a.rs
*** Move to: src/b.rs
@@
 fn f() {
-    1
+    2
 }
*** Delete File: old.txt
*** End Patch";

#[test]
fn a_patch_is_a_command_a_file() {
    let arguments = json!({ "input": PATCH });
    for written in [
        PATCH.to_owned(),
        format!("<set>\n{PATCH}\n</set>"),
        format!("<set path=\"src/a.rs\">\n{PATCH}\n</set>"),
        format!("<tool_call>{{\"name\": \"apply_patch\", \"arguments\": {arguments}}}</tool_call>"),
        format!("<function=apply_patch><parameter=patch>\n{PATCH}\n</parameter></function>"),
    ] {
        let scan = read(&format!("{written}\n<get path=\"z\"/>"));
        assert_eq!(
            outline(&scan),
            [
                "set new.txt",
                "set src/a.rs",
                "mv src/a.rs",
                "rm old.txt",
                "get z"
            ],
            "{written}"
        );
        let contents: Vec<&Content> = scan
            .commands
            .iter()
            .filter_map(|command| match &command.call {
                Call::Set(set) => Some(&set.content),
                _ => None,
            })
            .collect();
        let [Content::Text(added), Content::Edits(edits)] = contents.as_slice() else {
            panic!("{written}: {contents:?}");
        };
        assert_eq!(added.trim_end(), "one\ntwo");
        assert_eq!(edits.len(), 1);
        assert_eq!(edits[0].search.as_deref(), Some("fn f() {\n    1\n}"));
        assert_eq!(edits[0].replace, "fn f() {\n    2\n}");
        assert_eq!(
            scan.commands[3].call,
            Call::Rm(Rm {
                path: text("old.txt"),
                ..Rm::default()
            })
        );
        assert_eq!(scan.advisories.len(), 1, "{:?}", scan.advisories);
        let message = &scan.advisories[0].message;
        assert!(
            message.contains("`<set>` and `<set>` and `<mv>` and `<rm>`"),
            "{message}"
        );
    }
    assert_eq!(
        from_call("apply_patch", PATCH).map(|calls| calls.len()),
        Ok(4)
    );
}

#[test]
fn a_patch_of_its_own_path_is_the_edits_of_a_set() {
    let patch = "*** Begin Patch\n*** Update File: src/a.rs\n@@\n-x\n+y\n*** End Patch";
    for path in ["", " path=\"src/a.rs\"", " path=\"./src/a.rs\""] {
        let scan = read(&format!(
            "<set{path} visibility=\"archived\" preview>\n{patch}\n</set>"
        ));
        assert_eq!(scan.advisories, []);
        let Call::Set(set) = &scan.commands[0].call else {
            panic!("not a set");
        };
        assert_eq!(
            set.path
                .as_deref()
                .map(|path| path.trim_start_matches("./")),
            Some("src/a.rs")
        );
        assert_eq!(set.visibility.as_deref(), Some("archived"));
        assert!(set.preview);
        assert!(matches!(&set.content, Content::Edits(edits) if edits.len() == 1));
    }
    let scan = read(&format!("<set path=\"b.rs\">\n{patch}\n</set>"));
    assert_eq!(outline(&scan), ["set b.rs"]);
    let Call::Set(set) = &scan.commands[0].call else {
        panic!("not a set");
    };
    assert!(
        matches!(&set.content, Content::Unparsable(error) if error.to_string().contains("src/a.rs")),
        "a patch of another file than the tag names is refused"
    );
}

#[test]
fn a_preview_of_a_patch_previews_all_of_it() {
    let scan = read(&format!("<set preview>\n{PATCH}\n</set>"));
    for command in scan.commands {
        assert!(match command.call {
            Call::Set(set) => set.preview,
            Call::Mv(transfer) => transfer.preview,
            Call::Rm(rm) => rm.preview,
            _ => false,
        });
    }
}

#[test]
fn a_patch_that_cannot_be_read_is_refused_and_swallows_no_tag() {
    for written in [
        "*** Begin Patch\n*** Update File: src/a.rs\n@@\n-x\n+y\n<get path=\"z\"/>",
        "*** Begin Patch\n*** Update File: src/a.rs\nnonsense\n*** End Patch\n<get path=\"z\"/>",
    ] {
        let scan = read(written);
        assert_eq!(outline(&scan), ["set src/a.rs", "get z"], "{written}");
        let Call::Set(Set { content, .. }) = &scan.commands[0].call else {
            panic!("not a set");
        };
        assert!(matches!(content, Content::Unparsable(_)), "{written}");
    }
}

#[test]
fn a_patch_in_a_fence_is_an_example_and_the_model_is_told() {
    let written = format!("```diff\n{PATCH}\n```");
    let scan = read(&written);
    assert_eq!(scan.commands, []);
    assert_eq!(scan.unparsed, written);
    assert_eq!(scan.advisories.len(), 1);
    let message = &scan.advisories[0].message;
    assert!(
        message.starts_with("A patch in a Markdown fence"),
        "{message}"
    );
}

#[test]
fn a_patch_within_a_sentence_is_talked_about() {
    let written = "It begins with *** Begin Patch and a file.";
    let scan = read(written);
    assert_eq!(scan.commands, []);
    assert_eq!(scan.unparsed, written);
    assert_eq!(scan.advisories, []);
}
