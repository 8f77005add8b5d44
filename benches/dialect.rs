//! What the dialect costs: scanning answers, applying edits, matching patterns, and the worst that
//! a text can do to it. `tests/bench` runs it and prints the table. Figures are of this machine;
//! what grows faster than its input shows in the ratios, whatever the machine.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot run has nothing to say, and prints what it measured"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use rummy_lsp::dialect::{BodyFilter, Call, Content, Edit, PathPattern, Scanner, apply, scan};

const MAX_COMMANDS: usize = 99;
const MEGABYTE: usize = 1 << 20;

fn main() {
    println!("{:<52} {:>14}   target", "dialect", "figure");
    scanning();
    editing();
    patterns();
    hostile_texts();
}

fn row(what: &str, figure: &str, target: &str) {
    println!("{what:<52} {figure:>14}   {target}");
}

/// The shortest of some runs: what else the machine does only adds to it.
fn shortest(mut job: impl FnMut()) -> Duration {
    let runs = (0..5).map(|_| {
        let begun = Instant::now();
        job();
        begun.elapsed()
    });
    runs.min().unwrap()
}

/// The time of one run, taken from so many that the clock is fine enough.
fn each(times: u32, mut job: impl FnMut()) -> Duration {
    shortest(|| (0..times).for_each(|_| job())) / times
}

/// 1 MB stays in the processor's caches, 8 MB and more do not: the second ratio is the one that
/// shows whether the time grows with the length alone.
fn scanning() {
    let short = answer(MEGABYTE);
    let long = answer(64 * MEGABYTE);
    let scanned = shortest(|| drop(black_box(scan(&short, MAX_COMMANDS))));
    row(
        "scan of an answer of 1 MB",
        &format!("{:.0} MB/s", 1.0 / scanned.as_secs_f64()),
        "≥ 100 MB/s",
    );
    let scanned_long = shortest(|| drop(black_box(scan(&long, MAX_COMMANDS))));
    let ratio = scanned_long.as_secs_f64() / scanned.as_secs_f64();
    row(
        "scan of 64 MB, of 1 MB",
        &format!("{ratio:.0} ×"),
        "≤ 256 ×",
    );
    let middle = answer(8 * MEGABYTE);
    let scanned_middle = shortest(|| drop(black_box(scan(&middle, MAX_COMMANDS))));
    let ratio = scanned_long.as_secs_f64() / scanned_middle.as_secs_f64();
    row("scan of 64 MB, of 8 MB", &format!("{ratio:.0} ×"), "≤ 16 ×");
    let streamed = shortest(|| {
        let mut scanner = Scanner::new(MAX_COMMANDS);
        for chunk in short.as_bytes().chunks(16) {
            scanner.push(std::str::from_utf8(chunk).unwrap());
            black_box(scanner.open());
        }
        black_box(scanner.finish());
    });
    let ratio = streamed.as_secs_f64() / scanned.as_secs_f64();
    row(
        "the same in chunks of 16 bytes, of whole",
        &format!("{ratio:.1} ×"),
        "≤ 10 ×",
    );
}

/// An answer as models write them, of about so many bytes: talk, reads, edits and whole files. In
/// one of that length the commands are long ones, as there are at most 99.
fn answer(length: usize) -> String {
    let line = "    let value: Vec<String> = compute(&input)?; // a < b && c > d\n";
    let lines = line.repeat(length / 90 / line.len());
    let mut text = String::with_capacity(length + length / 8);
    let mut number = 0;
    while text.len() < length {
        number += 1;
        let next = match number % 4 {
            0 => {
                format!("Next, `part{number}`:\n\n<get path=\"src/part{number}.rs\" line=\"1\"/>\n")
            }
            1 => format!("<set path=\"src/part{number}.rs\">\n{lines}</set>\n"),
            2 => format!(
                "<set path=\"src/part{number}.rs\">\n<<<<<<< SEARCH\n{lines}=======\n{line}>>>>>>> REPLACE\n</set>\n"
            ),
            _ => format!("So it is:\n\n```rust\n{line}```\n\n<think>\n{line}</think>\n"),
        };
        text.push_str(&next);
    }
    text
}

fn editing() {
    let lines: Vec<String> = (0..10_000)
        .map(|n| format!("    let value_{n} = compute(input_{}, {n});", n % 97))
        .collect();
    let file = lines.join("\n") + "\n";
    let place = lines[7_000..7_020].join("\n");
    let shifted = format!("  {}", place.replace('\n', "\n  "));
    let similar = place.replace(");", ")");
    let nowhere = place.replace("let value", "if nothing");
    for (what, search, fits, target) in [
        (
            "an exact edit on a file of 10,000 lines",
            &place,
            true,
            "≤ 5 ms",
        ),
        ("one that is indented otherwise", &shifted, true, "≤ 20 ms"),
        ("one that is only similar", &similar, true, "≤ 100 ms"),
        ("one that fits nowhere", &nowhere, false, "≤ 100 ms"),
    ] {
        let edits = [edit(search, &search.replace("7005", "five"))];
        assert_eq!(apply(&file, &edits).is_ok(), fits, "{what}");
        let time = shortest(|| drop(black_box(apply(&file, &edits))));
        row(what, &milliseconds(time), target);
    }
}

/// The edit that a model's tag with these halves is.
fn edit(search: &str, replace: &str) -> Edit {
    let text = format!(
        "<set path=\"a.rs\">\n<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n</set>"
    );
    let call = scan(&text, 1).commands.remove(0).call;
    let Call::Set(set) = call else {
        unreachable!("the tag is a set");
    };
    let Content::Edits(mut edits) = set.content else {
        unreachable!("the body is an edit");
    };
    edits.remove(0)
}

fn patterns() {
    let mut fresh = 0_u32;
    let compiled = each(200, || {
        fresh += 1;
        drop(black_box(PathPattern::parse(&format!(
            "src/{fresh}/**/*.{{rs,md}}"
        ))));
    });
    row(
        "a path pattern compiled",
        &microseconds(compiled),
        "≤ 500 µs",
    );
    let known = each(2_000, || {
        drop(black_box(PathPattern::parse("src/1/**/*.rs")));
    });
    row("one that is known", &microseconds(known), "≤ 5 µs");
    let pattern = PathPattern::parse("src/**/*.{rs,md}").unwrap();
    let matched = each(10_000, || {
        black_box(pattern.matches("src/dialect/pattern/xpath/evaluate.rs"));
    });
    row("a path matched", &microseconds(matched), "≤ 2 µs");
    let text = "words and more of them, key: value\n".repeat(MEGABYTE / 35);
    let json = format!(
        "[{}1]",
        "{\"a\": [1, {\"b\": null}]},".repeat(MEGABYTE / 25)
    );
    let xml = format!(
        "<r>{}</r>",
        "<a b='1'><c>text</c></a>".repeat(MEGABYTE / 25)
    );
    for (filter, body, target) in [
        ("nowhere", &text, "≤ 2 ms"),
        ("/no(w|where)+ here/i", &text, "≤ 20 ms"),
        ("*nowhere*here", &text, "≤ 20 ms"),
        ("$..b", &json, "≤ 200 ms"),
        ("//a[@b='2']/c", &xml, "≤ 200 ms"),
    ] {
        let parsed = BodyFilter::parse(filter).unwrap();
        let time = shortest(|| {
            black_box(parsed.matches(body));
        });
        row(
            &format!("the filter `{filter}` on 1 MB"),
            &milliseconds(time),
            target,
        );
    }
}

/// Units that begin things and never end them, repeated up to 1 MB. The second figure is the time
/// for 1 MB, of that for 128 KB: 8 if the time grows with the length and all stays in the
/// processor's caches, 64 if it grows with the square.
fn hostile_texts() {
    println!(
        "\n{:<38} {:>12} {:>14}   target",
        "1 MB of", "time", "of 128 KB"
    );
    for (name, unit) in HOSTILE {
        let of = |length: usize| unit.repeat(length / unit.len());
        let (long, short) = (of(MEGABYTE), of(MEGABYTE / 8));
        let bodies = [&long, &short].map(|text| format!("<set path=\"a.rs\">\n{text}\n</set>"));
        let plain = worst(&long, &short);
        let within = worst(&bodies[0], &bodies[1]);
        let (time, ratio) = if plain.0 > within.0 { plain } else { within };
        let (time, ratio) = (milliseconds(time), format!("{ratio:.1} ×"));
        println!("{name:<38} {time:>12} {ratio:>14}   ≤ 100 ms, ≤ 24 ×");
    }
}

/// The time that the long text takes, and how many times that of the short one it is.
fn worst(long: &str, short: &str) -> (Duration, f64) {
    let time = |text: &str| shortest(|| drop(black_box(scan(text, MAX_COMMANDS))));
    let (long, short) = (time(long), time(short));
    (long, long.as_secs_f64() / short.as_secs_f64())
}

const HOSTILE: [(&str, &str); 38] = [
    ("openers", "<set path=\"a\">\n"),
    ("openers in one line", "<set path=\"a\">"),
    ("openers with wrong closers", "<set path=\"a\">\n</get>\n"),
    ("openers with fenced closers", "<set>\n```x\n</set>\n"),
    ("unfinished tags", "<get path="),
    ("quotes that never close", "<get path=\"a\n"),
    ("quotes of both kinds", "<get path=\"a' "),
    ("attributes", " a=\"b\""),
    ("stray closers", "</set>"),
    ("angle brackets", "<"),
    ("backticks", "`"),
    ("backticks, nested", "` `` ``` "),
    ("fence lines", "```\n"),
    ("fence lines with labels", "```xml\n~~~rust\n"),
    ("beginnings of JSON", "{\"name\": \"set\", \"arguments\": {"),
    ("beginnings of JSON texts", "{\"name\": \""),
    ("brackets", "[{"),
    ("<tool_call>", "<tool_call>\n"),
    ("[TOOL_CALLS]", "[TOOL_CALLS] "),
    ("<function=…>", "<function=set><parameter=path>"),
    ("*** Begin Patch", "*** Begin Patch\n*** Update File: a\n"),
    ("<<<<<<< SEARCH", "<<<<<<< SEARCH\n"),
    ("<<<<<<< SEARCH with dividers", "<<<<<<< SEARCH\n====\n"),
    ("diff headers", "--- a\n+++ b\n@@ -1 +1 @@\n"),
    ("closers of a thought", "</think>\n"),
    (
        "closers of a thought behind tags",
        "<rm path=\"a\">\n</think>\n",
    ),
    ("thoughts by another name", "<thinking>"),
    ("comments", "<!-- "),
    ("results", "<tool_response>\n"),
    ("ends of the turn", "</s>\n"),
    ("fences with wrong closers", "```x\n</file>\n"),
    (
        "the same and openers",
        "<set path=\"a\">\n```x\n</file>\n<rm>\n",
    ),
    ("lists of Python calls", "[get(path=\"a\"), "),
    ("lists of open Python calls", "[get(path=\"\n"),
    ("pairs of GLM", "<tool_call>get\n<arg_key>path</arg_key>"),
    (
        "elements of a call",
        "<tool_use><name>get</name><input><path>",
    ),
    (
        "calls of Kimi",
        "<|tool_call_begin|>get<|tool_call_argument_begin|>",
    ),
    ("messages", "{\"role\":\"assistant\",\"content\":["),
];

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

fn microseconds(time: Duration) -> String {
    format!("{:.2} µs", time.as_secs_f64() * 1e6)
}
