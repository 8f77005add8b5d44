//! The table of faults: what servers and networks do, and what each comes to.

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use futures::FutureExt as _;
use futures::future::ready;
use rummy_lsp::llm::{Key, Limits, LlmError, ModelSpec, Models, Retries};
use serde_json::json;

use crate::fault_server::{Certificate, FaultServer, Step, head, http};
use crate::{Seen, WHOLE, call, request, spec};

/// Bytes that an answer may have here.
const SIZE: usize = 64 << 10;

/// A gateway that does not wait between attempts, and soon takes a server for silent.
fn models(silence: Duration) -> Models {
    Models::with(Limits {
        silence,
        size: SIZE,
        retries: Retries {
            pause: |_wait| ready(()).boxed(),
            ..Retries::default()
        },
        ..Limits::default()
    })
}

const LIVELY: Duration = Duration::from_mins(1);
const SILENT: Duration = Duration::from_millis(50);

/// The ending without a text that is too long to show.
fn ending(seen: &Seen) -> String {
    let ending = seen.ending();
    match ending.split_once(' ') {
        Some((word, text)) if text.len() > 100 => word.to_owned(),
        _ => ending,
    }
}

type Row = (&'static str, Vec<Vec<Step>>, &'static str, usize);

/// Plays each script to one call; compares its ending and the number of requests it took.
async fn check(silence: Duration, table: Vec<Row>) {
    let models = models(silence);
    for (fault, script, expected, requests) in table {
        let server = FaultServer::start(script);
        let model = spec("openai/m", Some(server.url()));
        let seen = call(&models, &request(&model)).await;
        assert_eq!(
            (ending(&seen).as_str(), server.requests().len()),
            (expected, requests),
            "{fault}"
        );
    }
}

fn event(data: &str) -> String {
    format!("data: {data}\n\n")
}

fn piece(text: &str) -> String {
    event(&json!({"choices": [{"delta": {"content": text}}]}).to_string())
}

const FINISH: &str = "data: {\"choices\": [{\"delta\": {}, \"finish_reason\": \"stop\"}]}\n\n";
const DONE: &str = "data: [DONE]\n\n";

/// The events of a whole answer.
fn events() -> String {
    piece("all ") + &piece("of it") + FINISH + DONE
}

/// A stream of these bytes, which ends with the connection.
fn stream(body: impl AsRef<[u8]>) -> Vec<Step> {
    stream_as("text/event-stream", body)
}

fn stream_as(media_type: &str, body: impl AsRef<[u8]>) -> Vec<Step> {
    vec![Step::Send([&head(media_type), body.as_ref()].concat())]
}

/// A stream, and then something else than its end.
fn stream_then(body: &str, step: Step) -> Vec<Step> {
    let mut steps = stream(body);
    steps.push(step);
    steps
}

fn good() -> Vec<Step> {
    stream(events())
}

fn error(message: &str) -> String {
    json!({"error": {"message": message}}).to_string()
}

const UNAVAILABLE: &str = "Unavailable None after 4";

#[tokio::test]
async fn statuses() {
    let says = |status| http(status, "", "");
    let body = |status, body: &str| http(status, "content-type: application/json\r\n", body);
    let coded = |code: &str| json!({"error": {"message": "m", "code": code}}).to_string();
    let page = "<html><body>Bad gateway</body></html>";
    let cut_page = b"HTTP/1.1 500 Oops\r\ncontent-length: 100\r\n\r\nhalf".to_vec();
    #[rustfmt::skip]
    let table = vec![
        ("400", vec![says(400)], "Refused 400", 1),
        ("400 with a reason", vec![body(400, &error("bad temperature"))], "Refused 400", 1),
        ("400 with a page", vec![body(400, page)], "Refused 400", 1),
        ("400, too long by its code", vec![body(400, &coded("context_length_exceeded"))], "ContextExceeded", 1),
        ("400, too long by its words", vec![body(400, &error("prompt is too long: 9 > 8"))], "ContextExceeded", 1),
        ("401", vec![says(401)], "Auth 401", 1),
        ("401 with a reason", vec![body(401, &error("no such key"))], "Auth 401", 1),
        ("402", vec![body(402, &error("no credit"))], "Refused 402", 1),
        ("403", vec![says(403)], "Auth 403", 1),
        ("404", vec![says(404)], "Refused 404", 1),
        ("404 with a reason", vec![body(404, &error("no such model"))], "Refused 404", 1),
        ("408", vec![says(408), good()], WHOLE, 2),
        ("409", vec![says(409)], "Refused 409", 1),
        ("413", vec![says(413)], "Refused 413", 1),
        ("413, too long", vec![body(413, &error("over the context window"))], "ContextExceeded", 1),
        ("422", vec![body(422, "{\"detail\": []}")], "Refused 422", 1),
        ("429", vec![says(429), good()], WHOLE, 2),
        ("429 about tokens", vec![body(429, &error("tokens per min: limit; context length")), good()], WHOLE, 2),
        ("429 for good", vec![says(429)], "Unavailable Some(429) after 4", 4),
        ("429, spent", vec![body(429, &coded("insufficient_quota"))], "Refused 429", 1),
        ("500", vec![says(500), good()], WHOLE, 2),
        ("500 with a page", vec![body(500, page), good()], WHOLE, 2),
        ("500, cut off in its reason", vec![vec![Step::Send(cut_page)], good()], WHOLE, 2),
        ("502", vec![says(502), good()], WHOLE, 2),
        ("503", vec![says(503), says(503), says(503), good()], WHOLE, 4),
        ("504", vec![says(504)], "Unavailable Some(504) after 4", 4),
        ("529", vec![says(529), good()], WHOLE, 2),
        ("301", vec![http(301, "location: https://elsewhere/\r\n", "")], "Refused 301", 1),
        ("307", vec![http(307, "location: https://elsewhere/\r\n", "")], "Refused 307", 1),
        ("204", vec![says(204)], UNAVAILABLE, 4),
        ("100 before the answer", vec![[vec![Step::Send(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec())], good()].concat()], WHOLE, 1),
    ];
    check(LIVELY, table).await;
}

#[tokio::test]
async fn bodies() {
    let as_json = |body: &str| http(200, "content-type: application/json\r\n", body);
    let whole = json!({"choices": [{"message": {"content": "all of it"}}]}).to_string();
    let half = &whole[..30];
    let cut_short = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{half}"
    );
    let error_event = event(&json!({"error": {"code": 503, "message": "busy"}}).to_string());
    let unwell = json!({"error": {"code": 503, "message": "busy"}}).to_string();
    #[rustfmt::skip]
    let table = vec![
        ("a whole answer in JSON", vec![as_json(&whole)], WHOLE, 1),
        ("half a JSON", vec![as_json(half)], "Malformed", 1),
        ("half a JSON, cut", vec![vec![Step::Send(cut_short.into())], good()], WHOLE, 2),
        ("another JSON", vec![as_json("{\"ok\": true}")], "Malformed", 1),
        ("no JSON", vec![as_json("ok")], "Malformed", 1),
        ("an error in a 200", vec![as_json(&error("no"))], "Refused 200", 1),
        ("a passing error in a 200", vec![as_json(&unwell), good()], WHOLE, 2),
        ("an error event", vec![stream(&error_event), good()], WHOLE, 2),
        ("a status in words", vec![stream(event(r#"{"error": {"code": "503"}}"#)), good()], WHOLE, 2),
        ("an error event after some text", vec![stream(piece("all ") + &error_event), good()], WHOLE, 2),
        ("events that call themselves JSON", vec![stream_as("application/json", events())], WHOLE, 1),
        ("events that call themselves text", vec![stream_as("text/plain; charset=utf-8", events())], WHOLE, 1),
        ("a page", vec![stream_as("text/html", "<html>")], "Malformed", 1),
        ("bytes", vec![stream_as("application/octet-stream", b"data: \xff\xfe\n\n")], "Malformed", 1),
        ("no media type", vec![http(200, "", events())], WHOLE, 1),
        ("nothing", vec![stream("")], UNAVAILABLE, 4),
    ];
    check(LIVELY, table).await;
}

#[tokio::test]
async fn streams() {
    let bytewise = |text: &str| {
        let send = |byte: &u8| Step::Send(vec![*byte]);
        let steps = text.as_bytes().iter().map(send);
        [stream(""), steps.collect()].concat()
    };
    let umlauts = piece("größe ") + &piece("🚀") + FINISH + DONE;
    let noisy = format!(
        ": waiting\n\nevent: ping\ndata: {{}}\n\ndata:\n\n\n\n{}",
        events()
    );
    let two_lines = "data: {\"choices\":\ndata: [{\"delta\": {\"content\": \"all of it\"}}]}\n\n";
    let half_event = piece("all ") + "data: {\"choices\": [{\"delta\": {\"con";
    #[rustfmt::skip]
    let table = vec![
        ("a byte at a time", vec![bytewise(&umlauts)], r#"Stop "größe 🚀""#, 1),
        ("lines that end in CR LF", vec![stream(events().replace('\n', "\r\n"))], WHOLE, 1),
        ("lines that end in CR", vec![stream(events().replace('\n', "\r"))], WHOLE, 1),
        ("comments and empty events", vec![stream(noisy)], WHOLE, 1),
        ("a byte order mark", vec![stream("\u{feff}".to_owned() + &events())], WHOLE, 1),
        ("an event of two lines", vec![stream(two_lines.to_owned() + FINISH)], WHOLE, 1),
        ("no [DONE]", vec![stream(piece("all of it") + FINISH)], WHOLE, 1),
        ("no finish", vec![stream(piece("all of it") + DONE)], WHOLE, 1),
        ("neither", vec![stream(piece("all of it"))], r#"Truncated "all of it""#, 2),
        ("half an event", vec![stream(&half_event)], r#"Truncated "all ""#, 2),
        ("half an event, once", vec![stream(&half_event), good()], WHOLE, 2),
        ("an event that is no JSON", vec![stream(event("{\"choices\": 7}"))], "Malformed", 1),
        ("one after some text", vec![stream(piece("all ") + &event("[")), good()], WHOLE, 2),
        ("one after some text, twice", vec![stream(piece("all ") + &event("["))], r#"Truncated "all ""#, 2),
        ("bytes after some text", vec![stream([piece("all ").as_bytes(), b"data: \xff\n\n"].concat()), good()], WHOLE, 2),
        ("more after the end", vec![stream(events() + &piece("!"))], WHOLE, 1),
        ("an error after the finish", vec![stream(piece("all of it") + FINISH + &event(&error("late")))], WHOLE, 1),
        ("half an answer, then nobody", vec![stream(piece("all ")), vec![]], r#"Truncated "all ""#, 4),
        ("half an answer, then no key", vec![stream(piece("all ")), http(401, "", "")], "Auth 401", 2),
    ];
    check(LIVELY, table).await;
}

#[tokio::test]
async fn connections() {
    let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
    let chunked = |body: &str| {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        vec![Step::Send((head.to_owned() + body).into())]
    };
    let cut_chunk = chunk(&piece("all ")) + "ff\r\ndata: {";
    let send = |text: &str| vec![Step::Send(text.into())];
    #[rustfmt::skip]
    let table = vec![
        ("closed before the first byte", vec![vec![], good()], WHOLE, 2),
        ("closed for good", vec![vec![]], UNAVAILABLE, 4),
        ("reset before the first byte", vec![vec![Step::Reset], good()], WHOLE, 2),
        ("closed in the head", vec![send("HTTP/1.1 200 OK\r\nconte"), good()], WHOLE, 2),
        ("closed after the head", vec![stream(""), good()], WHOLE, 2),
        ("closed after some text", vec![stream(piece("all ")), good()], WHOLE, 2),
        ("closed in a chunk", vec![chunked(&cut_chunk)], r#"Truncated "all ""#, 2),
        ("no last chunk", vec![chunked(&chunk(&events()))], WHOLE, 1),
        ("no HTTP", vec![send("hello\n")], UNAVAILABLE, 4),
    ];
    check(LIVELY, table).await;
}

#[tokio::test]
async fn silences() {
    #[rustfmt::skip]
    let table = vec![
        ("silence from the beginning", vec![vec![Step::Hold]], "Silent", 1),
        ("silence after the head", vec![stream_then("", Step::Hold)], "Silent", 1),
        ("silence after some text", vec![stream_then(&piece("all "), Step::Hold)], "Silent", 1),
        ("silence in a reason", vec![vec![Step::Send(b"HTTP/1.1 404 No\r\ncontent-length: 9\r\n\r\n".to_vec()), Step::Hold]], "Refused 404", 1),
    ];
    check(SILENT, table).await;
    // Nothing is missing any more, so it does not count.
    let held = vec![stream_then(&events(), Step::Hold)];
    check(LIVELY, vec![("silence after the end", held, WHOLE, 1)]).await;
}

#[tokio::test]
async fn endless_answers() {
    let endless = |media_type: &str, text: &str| {
        vec![vec![
            Step::Send(head(media_type)),
            Step::Endlessly(text.into()),
        ]]
    };
    let events = "text/event-stream";
    #[rustfmt::skip]
    let table = vec![
        ("text without end", endless(events, &piece("on and on ")), "Length", 1),
        ("comments without end", endless(events, ": still there\n\n"), "Malformed", 1),
        ("a line without end", endless(events, "data: and on"), "Malformed", 1),
        ("a JSON without end", endless("application/json", "[[[["), "Malformed", 1),
        ("a reason without end", vec![vec![Step::Send(b"HTTP/1.1 400 No\r\n\r\n".to_vec()), Step::Endlessly(b"no ".to_vec())]], "Refused 400", 1),
    ];
    check(LIVELY, table).await;
}

#[tokio::test]
async fn compression() {
    let gzip = |text: &str| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let whole = json!({"choices": [{"message": {"content": "all of it"}}]}).to_string();
    let events_head = "content-type: text/event-stream\r\ncontent-encoding: gzip\r\n";
    let json_head = "content-type: application/json\r\ncontent-encoding: gzip\r\n";
    let packed = gzip(&events());
    let bomb = gzip(&piece("on and on ").repeat(10_000));
    #[rustfmt::skip]
    let table = vec![
        ("packed events", vec![http(200, events_head, &packed)], WHOLE, 1),
        ("packed JSON", vec![http(200, json_head, gzip(&whole))], WHOLE, 1),
        ("a packed reason", vec![http(400, json_head, gzip(&error("the context window")))], "ContextExceeded", 1),
        ("packed wrongly", vec![http(200, events_head, "no gzip"), good()], WHOLE, 2),
        ("packed far too small", vec![http(200, events_head, &bomb)], "Length", 1),
    ];
    check(LIVELY, table).await;
}

#[tokio::test]
async fn a_server_says_how_long_to_wait_in_seconds_or_by_a_date() {
    let busy = |wait: &str| http(429, &format!("retry-after: {wait}\r\n"), "");
    let past = busy("Sun, 06 Nov 1994 08:49:37 GMT");
    let script = vec![busy("7"), past, busy("soon"), good()];
    let server = FaultServer::start(script);
    let model = spec("openai/m", Some(server.url()));
    let seen = call(&models(LIVELY), &request(&model)).await;
    assert_eq!(seen.ending(), WHOLE);
    assert_eq!(seen.waits[..2], [Duration::from_secs(7), Duration::ZERO]);
    let third = Duration::from_secs(4)..=Duration::from_secs(6);
    assert!(third.contains(&seen.waits[2]), "{:?}", seen.waits);
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused_and_what_to_do_is_said() {
    let server = FaultServer::secure(vec![good()], &Certificate::new());
    let model = spec("openai/m", Some(server.url()));
    let seen = call(&models(LIVELY), &request(&model)).await;
    let Some(Err(error @ LlmError::Untrusted { .. })) = &seen.end else {
        panic!("{seen:?}");
    };
    let told = error.to_string();
    assert!(
        told.contains("UnknownIssuer") && told.contains("SSL_CERT_FILE"),
        "{told}"
    );
    assert_eq!((server.requests().len(), seen.waits.len()), (0, 0));
}

#[tokio::test]
async fn half_an_answer_that_is_kept_after_all_is_shown_again() {
    let server = FaultServer::start(vec![stream(piece("all ")), vec![]]);
    let model = spec("openai/m", Some(server.url()));
    let seen = call(&models(LIVELY), &request(&model)).await;
    assert_eq!(seen.ending(), r#"Truncated "all ""#);
    assert_eq!(seen.answer.concat(), "all ");
}

#[tokio::test]
async fn a_key_that_has_run_out_is_asked_for_again_once() {
    let folder = tempfile::tempdir().unwrap();
    let count = folder.path().join("count");
    let counted = format!("echo x >> '{0}'; wc -l < '{0}'", count.display());
    let refused = || http(401, "", "it has run out");
    let another = format!("echo sk-$({counted})");
    let the_same = format!("({counted}) > /dev/null; echo sk-same");
    for (command, replies, requests, ending) in [
        (&another, vec![refused(), good()], 2, WHOLE),
        (&another, vec![refused()], 2, "Auth 401"),
        (&the_same, vec![refused(), good()], 1, "Auth 401"),
    ] {
        let server = FaultServer::start(replies);
        let model = ModelSpec {
            api_key: Key::Command(command.clone()),
            ..spec("openai/m", Some(server.url()))
        };
        let seen = call(&models(LIVELY), &request(&model)).await;
        let sent = server.requests().len();
        assert_eq!((seen.ending().as_str(), sent), (ending, requests));
        let runs = std::fs::read_to_string(&count).unwrap();
        assert_eq!(runs.lines().count(), 2);
        std::fs::remove_file(&count).unwrap();
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_says_where_it_leads() {
    let elsewhere = FaultServer::start(vec![good()]);
    let location = format!("location: {}/v1\r\n", elsewhere.url());
    let server = FaultServer::start(vec![http(308, &location, "")]);
    let model = spec("openai/m", Some(server.url()));
    let seen = call(&models(LIVELY), &request(&model)).await;
    let told = seen.end.unwrap().unwrap_err().to_string();
    assert!(told.contains(&elsewhere.url()), "{told}");
    assert_eq!(elsewhere.requests().len(), 0);
}

#[tokio::test]
async fn who_refuses_a_key_is_told_apart_by_where_the_key_came_from() {
    let server = FaultServer::start(vec![http(401, "", "")]);
    let mut model = spec("openai/m", Some(server.url()));
    let mut told = Vec::new();
    for key in [
        rummy_lsp::llm::Key::Given("sk-secret".into()),
        rummy_lsp::llm::Key::Command("echo sk-secret".into()),
        // One that is set wherever tests run.
        rummy_lsp::llm::Key::Env("CARGO_MANIFEST_DIR".into()),
    ] {
        model.api_key = key;
        let seen = call(&models(LIVELY), &request(&model)).await;
        told.push(seen.end.unwrap().unwrap_err().to_string());
    }
    let origins = [
        "the editor's settings",
        "its key command",
        "the environment variable `CARGO_MANIFEST_DIR`",
    ];
    for (told, origin) in told.iter().zip(origins) {
        let expected = format!("the key of model `opus`, which comes from {origin} (status 401)");
        assert!(told.contains(&expected), "{told}");
        assert!(!told.contains("sk-secret"), "{told}");
    }
}
