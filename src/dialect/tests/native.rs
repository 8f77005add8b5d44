//! Tool calls in the forms that models were trained on: outside of bodies they are commands with
//! all their arguments, and the model is told.

use serde_json::json;

use super::super::{Call, Content, Edit, Get, Number, Search, Set, Tool};
use super::{outline, place, read, text};

pub(super) fn set(path: &str, body: &str) -> Call {
    Call::Set(Set {
        path: text(path),
        content: Content::Text(body.to_owned()),
        ..Set::default()
    })
}

pub(super) fn edits(path: &str, edits: Vec<Edit>) -> Call {
    Call::Set(Set {
        path: text(path),
        content: Content::Edits(edits),
        ..Set::default()
    })
}

pub(super) fn get(path: &str) -> Call {
    Call::Get(Get {
        path: text(path),
        ..Get::default()
    })
}

fn search(query: &str) -> Call {
    Call::Search(Search {
        query: text(query),
        ..Search::default()
    })
}

/// The calls of an answer that is nothing but calls, some of them healed.
fn healed(written: &str) -> Vec<Call> {
    let scan = read(written);
    assert!(!scan.advisories.is_empty(), "{written}");
    assert_eq!(scan.unparsed, "", "{written}");
    scan.commands
        .into_iter()
        .map(|command| command.call)
        .collect()
}

/// The namespace that Anthropic's elements may have.
const NAMESPACE: &str = "antml:";

/// A call of `set` with a path and a body in each form.
fn forms(path: &str, body: &str) -> Vec<String> {
    let arguments = json!({"path": path, "body": body}).to_string();
    let quoted = json!(arguments).to_string();
    let literal = json!(body).to_string();
    let call = format!("{{\"name\": \"set\", \"arguments\": {arguments}}}");
    let elements = format!(
        "<function=set>\n<parameter=path>\n{path}\n</parameter>\n<parameter=body>\n{body}\n</parameter>\n</function>"
    );
    let invoke = format!(
        "<@function_calls>\n<@invoke name=\"set\">\n<@parameter name=\"path\">{path}</@parameter>\n<@parameter name=\"body\">\n{body}\n</@parameter>\n</@invoke>\n</@function_calls>"
    );
    vec![
        format!("<tool_call>\n{call}\n</tool_call>"),
        format!("<tool_call>\n{call}"),
        format!("<tool_call>\n{}\n</tool_call>", &call[..call.len() - 1]),
        format!("<tool_call>{{\"arguments\": {arguments}, \"name\": \"set\"}}</tool_call>"),
        format!("<tool_call>\n{elements}\n</tool_call>"),
        format!("{elements}\n</tool_call>"),
        format!("<function=set>{arguments}</function>"),
        format!("<function=set{arguments}</function>"),
        call.clone(),
        format!("{{\"name\":\"functions.set\",\"arguments\":{quoted}}}"),
        format!(
            "{{\"type\":\"function\",\"function\":{{\"name\":\"set\",\"arguments\":{quoted}}}}}"
        ),
        format!("{{\"id\":\"1\",\"type\":\"function\",\"function\":{call}}}"),
        format!("{{\"tool\":\"set\",\"parameters\":{arguments}}}"),
        format!("{{\"tool\":\"set\",\"args\":{arguments}}}"),
        format!("{{\"tool_name\":\"set\",\"input\":{arguments}}}"),
        format!("{{\"tool\": \"set\", {}", &arguments[1..]),
        format!("[{call}]"),
        format!("{{\"tool_calls\":[{{\"type\":\"function\",\"function\":{call}}}]}}"),
        format!("```json\n{call}\n```"),
        format!("```xml\n<tool_call>{call}</tool_call>\n```"),
        format!(
            "<|start|>assistant<|channel|>commentary to=functions.set <|constrain|>json<|message|>{arguments}<|call|>"
        ),
        format!("<|channel|>commentary to=functions.set<|message|>{arguments}<|call|>"),
        format!(
            "<|start|>assistant to=functions.set<|channel|>commentary json<|message|>{arguments}"
        ),
        format!("<tool_use><name>set</name><input>{arguments}</input></tool_use>"),
        format!(
            "<tool_use>\n  <tool_name>set</tool_name>\n  <input>{arguments}</input>\n</tool_use>"
        ),
        invoke.replace('@', ""),
        invoke.replace('@', NAMESPACE),
        format!("[TOOL_CALLS] [{call}]"),
        format!("[TOOL_CALLS][{call}]</s>"),
        format!("[TOOL_CALLS]set[ARGS]{arguments}"),
        format!("[TOOL_CALLS]set[CALL_ID]abc123[ARGS]{arguments}</s>"),
        format!(
            "<|tool_call>call:set{{path:<|\"|>{path}<|\"|>,body:<|\"|>{body}<|\"|>}}<tool_call|>"
        ),
        format!("<|tool_call>call:tools/set{{path: '{path}', body: {literal}}}<|tool_call>"),
        format!("```tool_code\nset(path=\"{path}\", body=\"\"\"{body}\"\"\")\n```"),
        format!("```tool_code\nprint(default_api.set(path='{path}', body={literal}))\n```"),
        format!("<|python_tag|>{{\"name\": \"set\", \"parameters\": {arguments}}}<|eom_id|>"),
        format!(
            "<|python_tag|>{{\"type\": \"function\", \"name\": \"set\", \"parameters\": {arguments}}}<|eot_id|>"
        ),
        format!("<|python_tag|>set.call(path=\"{path}\", body=\"\"\"{body}\"\"\")<|eom_id|>"),
        format!(
            "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>set\n```json\n{arguments}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜><｜end▁of▁sentence｜>"
        ),
        format!(
            "<|tool_calls_section_begin|><|tool_call_begin|>functions.set:0<|tool_call_argument_begin|>{arguments}<|tool_call_end|><|tool_calls_section_end|>"
        ),
        format!(
            "<tool_call>set\n<arg_key>path</arg_key>\n<arg_value>{path}</arg_value>\n<arg_key>body</arg_key>\n<arg_value>\n{body}\n</arg_value>\n</tool_call>"
        ),
        format!("[set(path=\"{path}\", body={literal})]"),
        format!(
            "<tool_use><name>set</name><input><path>{path}</path><body>\n{body}\n</body></input></tool_use>"
        ),
        format!(
            "{{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{{\"type\":\"function\",\"function\":{call}}}]}}"
        ),
        format!(
            "[{{\"type\":\"text\",\"text\":\"So.\"}},{{\"type\":\"tool_use\",\"id\":\"1\",\"name\":\"set\",\"input\":{arguments}}}]"
        ),
        format!(
            "{{\"role\":\"assistant\",\"content\":[{{\"type\":\"tool_use\",\"name\":\"set\",\"input\":{arguments}}}]}}"
        ),
        format!(
            "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>set<｜tool▁sep｜>{arguments}<｜tool▁call▁end｜><｜tool▁calls▁end｜>"
        ),
    ]
}

#[test]
fn a_call_in_any_form_keeps_all_its_arguments() {
    let body = "fn f() -> Vec<String> {\n    \"{x}\"\n}\n</set>\n<rm path=\"y\"/>\n```\n";
    for written in forms("src/a.rs", body) {
        let ends_turn = ["<|eot_id|>", "<｜end▁of▁sentence｜>"];
        let (answer, expected) = if ends_turn.iter().any(|token| written.ends_with(token)) {
            (written, vec![set("src/a.rs", body)])
        } else {
            let answer = format!("{written}\n<get path=\"b\"/>");
            (answer, vec![set("src/a.rs", body), get("b")])
        };
        assert_eq!(healed(&answer), expected, "{answer}");
    }
}

#[test]
fn a_call_of_any_form_inside_a_body_is_body() {
    for written in forms("x", "y") {
        if written.starts_with("```") {
            continue; // a fence in a file is shown by other tests
        }
        let scan = read(&format!(
            "<set path=\"a\">\n{written}\n</set>\n<get path=\"b\"/>"
        ));
        let calls: Vec<Call> = scan.commands.into_iter().map(|one| one.call).collect();
        assert_eq!(calls, [set("a", &written), get("b")]);
        assert_eq!(scan.advisories, [], "{written}");
    }
}

#[test]
fn calls_of_one_answer_keep_their_order_and_their_places() {
    let call = |path: &str| format!("{{\"name\":\"get\",\"arguments\":{{\"path\":\"{path}\"}}}}");
    let (a, b) = (call("a"), call("b"));
    for written in [
        format!("<tool_call>{a}</tool_call>\n<tool_call>{b}</tool_call>"),
        format!("<tool_call>{a}\n{b}</tool_call>"),
        format!("{a}\n{b}"),
        format!("{a},\n{b}"),
        format!("[{a}, {b}]"),
        format!("```json\n[{a}, {b}]\n```"),
        format!("```json\n{a}\n{b}\n```"),
        format!("{{\"tool_calls\": [{a}, {b}]}}"),
        format!("[TOOL_CALLS] [{a}, {b}]"),
        r#"[TOOL_CALLS]get[ARGS]{"path":"a"}[TOOL_CALLS]get[ARGS]{"path":"b"}"#.to_owned(),
        format!("<|python_tag|>{a}; {b}"),
        "<|tool_call>call:get{path:a}<tool_call|><|tool_call>call:get{path:b}<tool_call|>"
            .to_owned(),
        "```tool_code\nget(path=\"a\")\nget(path=\"b\")\n```".to_owned(),
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get<｜tool▁sep｜>{\"path\":\"a\"}<｜tool▁call▁end｜>\n\
         <｜tool▁call▁begin｜>get<｜tool▁sep｜>{\"path\":\"b\"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>"
            .to_owned(),
        "<function_calls><invoke name=\"get\"><parameter name=\"path\">a</parameter></invoke>\
         <invoke name=\"get\"><parameter name=\"path\">b</parameter></invoke></function_calls>"
            .to_owned(),
        format!("<get path=\"a\"/>{b}"),
        format!("First. {a} Then. {b}"),
    ] {
        let scan = read(&format!("<get path=\"first\"/>\n{written}\n<get path=\"last\"/>"));
        assert_eq!(
            outline(&scan),
            ["get first", "get a", "get b", "get last"],
            "{written}"
        );
    }
    let scan = read(&format!("Well.\n  {a}"));
    assert_eq!(scan.commands[0].place, place(2, 3));
    assert_eq!(scan.unparsed, "Well.");
    assert_eq!(scan.advisories.len(), 1);
    assert_eq!(scan.advisories[0].place, place(2, 3));
    assert_eq!(
        scan.advisories[0].message,
        "Tool call in the form `{\"name\": …, \"arguments\": …}` run as `<get>`: write commands as \
         tags."
    );
}

#[test]
fn values_of_gemma_stand_in_any_quotes() {
    for value in [
        "<|\"|>src/a b.rs<|\"|>",
        "\"src/a b.rs\"",
        "'src/a b.rs'",
        "src/a b.rs",
    ] {
        for (sign, name) in [
            (":", "get"),
            ("=", "functions.get"),
            (":", "t/get"),
            ("=", "a:b:get"),
        ] {
            let written =
                format!("<|tool_call>call:{name}{{path{sign}{value},limit{sign}3}}<tool_call|>");
            let expected = Call::Get(Get {
                path: text("src/a b.rs"),
                limit: Some(Number::Value(3)),
                ..Get::default()
            });
            assert_eq!(healed(&written), [expected], "{written}");
        }
    }
}

#[test]
fn a_call_of_an_unknown_tool_runs_nothing_and_swallows_nothing() {
    for written in [
        "<tool_call>{\"name\": \"paint\", \"arguments\": {\"x\": \"<rm path='y'/>\"}}</tool_call>",
        "<tool_call>{\"name\": \"paint\", \"arguments\": {\"x\": 1}}",
        "<|tool_call>call:paint{x:<|\"|>v<|\"|>}<tool_call|>",
        "<|tool_call>call:paint{x:1}",
        "{\"name\":\"paint\",\"arguments\":{\"x\":\"<rm path='y'/>\"}}",
        "<tool_use><name>paint</name><input>{\"x\":1}</input></tool_use>",
        "<function=paint><parameter=x>1</parameter></function>",
        "<invoke name=\"paint\"><parameter name=\"x\"><rm path=\"y\"/></parameter></invoke>",
        "<function=paint><parameter=x>1",
        "[TOOL_CALLS] [{\"name\":\"paint\",\"arguments\":{}}]",
        "<|python_tag|>paint.call(x=1)",
        "<｜tool▁call▁begin｜>paint<｜tool▁sep｜>{}<｜tool▁call▁end｜>",
        "<|channel|>commentary to=functions.paint<|message|>{}<|call|>",
    ] {
        let scan = read(&format!("{written}\n<update status=\"200\">x</update>"));
        assert_eq!(outline(&scan), ["update "], "{written}");
        assert_eq!(scan.advisories.len(), 1, "{written}: {:?}", scan.advisories);
        let message = &scan.advisories[0].message;
        assert!(message.contains("no tool `paint`"), "{written}: {message}");
    }
}

#[test]
fn a_call_that_cannot_be_read_runs_nothing_and_swallows_nothing() {
    for written in [
        "<tool_call>\n{\"name\": \"set\", \"arguments\": {\"path\": \"a\" \"body\": \"<rm path='y'/>\"}}\n</tool_call>",
        "{\"name\": \"set\", \"arguments\": {\"path\": \"a\", \"body\": \"say \"hi\" <rm path='y'/>\"}}",
        "<function=set>{\"path\": a <rm path='y'/>}</function>",
        "<|python_tag|>set(path=a, body=\"<rm path='y'/>\")",
        "<tool_use><name>set</name><input>{path: <rm path='y'/>}</input></tool_use>",
    ] {
        let scan = read(&format!("{written}\n<update status=\"200\">x</update>"));
        assert_eq!(outline(&scan), ["update "], "{written}");
        assert_eq!(scan.advisories.len(), 1, "{written}: {:?}", scan.advisories);
        let message = &scan.advisories[0].message;
        assert!(message.contains("cannot be read"), "{written}: {message}");
    }
}

#[test]
fn a_value_may_hold_what_ends_it_elsewhere() {
    let body = "<parameter=x>\n</parameter>.\n{\"</tool_call>\"}\n[/TOOL_CALLS]\n</set>";
    for written in forms("a", body) {
        assert_eq!(healed(&written), [set("a", body)], "{written}");
    }
}

#[test]
fn a_parameter_that_is_not_closed_ends_with_its_call() {
    for (written, expected) in [
        (
            "<function=search>\n<parameter=query>a\n</function>",
            "search a",
        ),
        (
            "<tool_call><function=search><parameter=query>a</tool_call>",
            "search a",
        ),
        ("<function=search><parameter=query>a", "search a"),
    ] {
        let scan = read(written);
        assert_eq!(outline(&scan), [expected], "{written}");
        assert!(
            scan.advisories[0].message.contains("not closed"),
            "{written}"
        );
    }
}

#[test]
fn what_only_looks_like_a_call_is_prose() {
    for written in [
        "{\"name\": \"Ada\", \"age\": 36}",
        "{\"name\": \"set\"}",
        "{\"role\":\"user\",\"content\":[{\"type\":\"tool_use\",\"name\":\"rm\",\"input\":{\"path\":\"x\"}}]}",
        "{\"role\": \"admin\", \"content\": \"x\"}",
        "[{\"type\":\"text\",\"text\":\"x\"}]",
        "[f(x), g(y)]",
        "the list [get(path)] of calls",
        "{\"messages\": [\n  {\"name\": \"rm\", \"arguments\": {\"path\": \"x\"}}\n]}",
        "[{\"name\": \"x\"}, 1]",
        "Use `{\"name\":\"rm\",\"arguments\":{\"path\":\"x\"}}` there.",
        "```json\n{\"name\":\"rm\",\"arguments\":{\"path\":\"x\"}}\nand so on\n```",
        "```json\n{\"scripts\": {\"test\": \"x\"}}\n```",
        "```python\nset(path=\"x\")\n```",
        "The set {a, b} and the list [c].",
        "* one\n** two\n*** three",
        "x |> f <| y",
        "[search(\"foo\")](https://x.y)",
        "[get(\"users\")](#users) lists them",
    ] {
        let scan = read(written);
        assert_eq!(scan.commands, [], "{written}");
        assert_eq!(scan.unparsed, written);
        assert_eq!(scan.advisories, [], "{written}");
    }
}

#[test]
fn a_call_in_another_fence_is_an_example_and_the_model_is_told() {
    for label in ["", "text", "javascript"] {
        let written =
            format!("```{label}\n{{\"name\":\"rm\",\"arguments\":{{\"path\":\"x\"}}}}\n```");
        let scan = read(&written);
        assert_eq!(scan.commands, []);
        assert_eq!(scan.unparsed, written);
        assert_eq!(scan.advisories.len(), 1);
        assert_eq!(scan.advisories[0].place, place(2, 1));
        assert!(
            scan.advisories[0]
                .message
                .contains("was read as an example")
        );
    }
}

#[test]
fn special_tokens_leave_no_trace_in_the_text() {
    let scan = read(
        "<|channel|>final<|message|>Done.<|return|>\n<get path=\"a\"/><|im_end|></s><|eot_id|><|\"|>",
    );
    assert_eq!(outline(&scan), ["get a"]);
    assert_eq!(scan.unparsed, "Done.");
    assert_eq!(scan.advisories, []);
    let scan = read("<tool_call>\n<get path=\"a\"/>\n</tool_call>");
    assert_eq!(outline(&scan), ["get a"]);
    assert_eq!(scan.unparsed, "");
    let tokens = "<|im_end|> </s> <|\"|> <tool_call|>";
    let scan = read(&format!("<set path=\"a\">{tokens}</set>"));
    assert_eq!(scan.commands[0].call, set("a", tokens));
}

#[test]
fn a_lone_argument_fills_the_first_field() {
    for written in [
        "<|tool_call>call:search{query:\"rust glob\"}<tool_call|>",
        "{\"name\":\"search\",\"arguments\":\"rust glob\"}",
        "```tool_code\nsearch(\"rust glob\")\n```",
    ] {
        assert_eq!(healed(written), [search("rust glob")], "{written}");
    }
}

#[test]
fn an_argument_that_no_attribute_can_be_called_is_left_out() {
    let call =
        r#"{"name": "get", "arguments": {"path": "a.rs", "path>\nlet a=": "b.rs", "": "c"}}"#;
    assert_eq!(healed(call), [get("a.rs")]);
}

#[test]
fn no_argument_changes_the_tool() {
    for written in [
        "{\"name\":\"get\",\"arguments\":{\"path\":\"x\",\"name\":\"rm\",\"tool\":\"rm\"}}",
        "<function=get><parameter=path>x</parameter><parameter=name>rm</parameter></function>",
    ] {
        let scan = read(written);
        assert_eq!(scan.commands.len(), 1);
        assert_eq!(scan.commands[0].tool(), Tool::Get);
    }
}
