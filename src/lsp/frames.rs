//! LSP's base protocol, read so that nothing a client sends ends the session.
//!
//! A header may be in any case; a header line that is none is skipped; a body that is not JSON is
//! handed on as malformed, to be answered, and what follows it is still found when the header lied
//! about its length.

use std::io;

use tokio_util::bytes::{Buf, BytesMut};
use tokio_util::codec::Decoder;

/// A header that names more than this is not believed: nothing an editor sends is as large.
const BODY_LIMIT: usize = 64 * 1024 * 1024;

/// Of a line without an end only so much is kept.
const LINE_LIMIT: usize = 64 * 1024;

const LENGTH: &[u8] = b"content-length:";

/// One message as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    Json(serde_json::Value),
    Malformed(String),
}

/// The decoder's place in the stream.
#[derive(Debug, Default)]
pub struct Frames {
    /// The length that the headers of the message being read have named.
    length: Option<usize>,
    /// The headers are done; the body is next.
    in_body: bool,
    /// Bytes of the line being read that have been searched for its end.
    searched: usize,
}

impl Decoder for Frames {
    type Item = Frame;
    type Error = io::Error;

    fn decode(&mut self, buffer: &mut BytesMut) -> io::Result<Option<Frame>> {
        loop {
            if self.in_body {
                return Ok(self.body(buffer));
            }
            let rest = &buffer[self.searched..];
            let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
                if buffer.len() > LINE_LIMIT {
                    // No header is as long; the end of it may be the beginning of one.
                    buffer.advance(buffer.len() - LENGTH.len());
                }
                self.searched = buffer.len();
                return Ok(None);
            };
            let line = buffer.split_to(self.searched + end + 1);
            self.searched = 0;
            if let Some(malformed) = self.header(line.trim_ascii()) {
                return Ok(Some(malformed));
            }
        }
    }

    fn decode_eof(&mut self, buffer: &mut BytesMut) -> io::Result<Option<Frame>> {
        let frame = self.decode(buffer)?;
        if frame.is_none() {
            // The stream ended within a message: there is nothing to answer it to.
            buffer.clear();
        }
        Ok(frame)
    }
}

impl Frames {
    fn header(&mut self, line: &[u8]) -> Option<Frame> {
        if let Some(at) = find_length(line) {
            // What stands before it on the line is the rest of a body whose header lied.
            let digits = line[at + LENGTH.len()..].trim_ascii();
            let text = String::from_utf8_lossy(digits);
            let Ok(length) = text.parse() else {
                return Some(Frame::Malformed(format!(
                    "Content-Length: {text} is no length"
                )));
            };
            self.length = Some(length);
            return None;
        }
        if !line.is_empty() {
            return None;
        }
        match self.length {
            Some(length) if length > BODY_LIMIT => {
                // What follows is read as lines until a header is found in it.
                self.length = None;
                Some(Frame::Malformed(format!(
                    "a message has at most {BODY_LIMIT} bytes; this one claims {length}"
                )))
            }
            Some(_) => {
                self.in_body = true;
                None
            }
            // An empty line between messages.
            None => None,
        }
    }

    fn body(&mut self, buffer: &mut BytesMut) -> Option<Frame> {
        let length = self.length.unwrap_or(0);
        if buffer.len() < length {
            buffer.reserve(length - buffer.len());
            return None;
        }
        let body = buffer.split_to(length);
        *self = Self::default();
        match serde_json::from_slice(&body) {
            Ok(value) => Some(Frame::Json(value)),
            Err(error) => {
                if let Some(at) = find_length(&body) {
                    // The length reached into the next message: give that back.
                    let mut rest = BytesMut::from(&body[at..]);
                    rest.extend_from_slice(buffer);
                    *buffer = rest;
                }
                Some(Frame::Malformed(format!(
                    "the message is not JSON: {error}"
                )))
            }
        }
    }
}

/// Where a `Content-Length:` begins, in whatever case.
fn find_length(bytes: &[u8]) -> Option<usize> {
    bytes
        .windows(LENGTH.len())
        .position(|window| window.eq_ignore_ascii_case(LENGTH))
}

/// A message as it goes out.
pub fn encode(body: &str) -> Vec<u8> {
    let mut frame = format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    frame.extend_from_slice(body.as_bytes());
    frame
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(bytes: &[u8], chunk: usize) -> Vec<String> {
        let mut frames = Frames::default();
        let mut buffer = BytesMut::new();
        let mut found = Vec::new();
        for piece in bytes.chunks(chunk) {
            buffer.extend_from_slice(piece);
            while let Some(frame) = frames.decode(&mut buffer).unwrap() {
                found.push(match frame {
                    Frame::Json(value) => value.to_string(),
                    Frame::Malformed(_) => "malformed".to_owned(),
                });
            }
        }
        found
    }

    #[test]
    fn what_follows_a_bad_frame_is_read() {
        let table: [(&str, &[&str]); 9] = [
            ("Content-Length: 2\r\n\r\n{}", &["{}"]),
            ("content-length:2\r\n\r\n{}", &["{}"]),
            ("Content-Type: x\r\nCONTENT-LENGTH: 2\r\n\r\n{}", &["{}"]),
            (
                "Content-Length: 3\r\n\r\n{x}Content-Length: 2\r\n\r\n{}",
                &["malformed", "{}"],
            ),
            (
                "Content-Length: x\r\n\r\nContent-Length: 2\r\n\r\n{}",
                &["malformed", "{}"],
            ),
            (
                "Content-Length: 999999999999\r\n\r\n{}Content-Length: 2\r\n\r\n[]",
                &["malformed", "[]"],
            ),
            ("garbage\r\n\r\nContent-Length: 2\r\n\r\n{}", &["{}"]),
            // The length is too short, then too long.
            (
                "Content-Length: 1\r\n\r\n{}Content-Length: 2\r\n\r\n[]",
                &["malformed", "[]"],
            ),
            (
                "Content-Length: 9\r\n\r\n{}Content-Length: 2\r\n\r\n[]Content-Length: 4\r\n\r\nnull",
                &["malformed", "null"],
            ),
        ];
        for (stream, expected) in table {
            for chunk in [1, 7, 1000] {
                assert_eq!(
                    read(stream.as_bytes(), chunk),
                    expected,
                    "{stream:?} by {chunk}"
                );
            }
        }
    }

    #[test]
    fn a_line_without_an_end_is_not_kept() {
        let mut frames = Frames::default();
        let mut buffer = BytesMut::new();
        for _ in 0..100 {
            buffer.extend_from_slice(&[b'x'; 10_000]);
            assert_eq!(frames.decode(&mut buffer).unwrap(), None);
            assert!(buffer.len() <= LINE_LIMIT);
        }
        buffer.extend_from_slice(b"Content-Length: 2\r\n\r\n{}");
        let found = frames.decode(&mut buffer).unwrap();
        assert_eq!(found, Some(Frame::Json(json!({}))));
    }

    proptest! {
        #[test]
        fn no_bytes_stop_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..200), chunk in 1usize..50) {
            read(&bytes, chunk);
        }

        #[test]
        fn what_was_written_is_read_back(texts in proptest::collection::vec("\\PC{0,30}", 0..6), chunk in 1usize..40) {
            let stream: Vec<u8> = texts.iter().flat_map(|text| encode(&json!({"t": text}).to_string())).collect();
            let expected: Vec<String> = texts.iter().map(|text| json!({"t": text}).to_string()).collect();
            prop_assert_eq!(read(&stream, chunk), expected);
        }
    }
}
