//! How a stream falls into events: server-sent events, as far as answers use them, and lines. What
//! an event means is the format's that uses it.

use eventsource_stream::{EventStreamError, Eventsource as _};
use futures::{Stream, StreamExt as _, future, stream};

use super::http::Loss;

/// The data of the events in `bytes`. Comments and events without data are left out.
pub(super) fn events<B: AsRef<[u8]>>(
    bytes: impl Stream<Item = Result<B, Loss>>,
) -> impl Stream<Item = Result<String, Loss>> {
    without_mark(bytes)
        .eventsource()
        .map(|event| match event {
            Ok(event) => Ok(event.data),
            Err(EventStreamError::Transport(loss)) => Err(loss),
            Err(EventStreamError::Utf8(_) | EventStreamError::Parser(_)) => Err(Loss::NotText),
        })
        .filter(|data| future::ready(!matches!(data, Ok(data) if data.trim().is_empty())))
}

/// Takes off a byte order mark, which the format allows and `eventsource-stream` 0.2 panics on.
fn without_mark<B: AsRef<[u8]>>(
    bytes: impl Stream<Item = Result<B, Loss>>,
) -> impl Stream<Item = Result<Vec<u8>, Loss>> {
    let mut mark = "\u{feff}".as_bytes();
    bytes.map(move |piece| {
        let piece = piece?;
        let piece = piece.as_ref();
        let pairs = piece.iter().zip(mark);
        let marked = pairs.take_while(|(byte, of_mark)| byte == of_mark).count();
        // The mark may come in several pieces; any other byte ends it.
        mark = if marked == piece.len() {
            &mark[marked..]
        } else {
            &[]
        };
        Ok(piece[marked..].to_vec())
    })
}

/// The lines in `bytes` that are not blank. The last one need not end.
pub(super) fn lines<B: AsRef<[u8]>>(
    bytes: impl Stream<Item = Result<B, Loss>>,
) -> impl Stream<Item = Result<String, Loss>> {
    let mut begun = Vec::new();
    bytes
        .map(Some)
        .chain(stream::iter([None]))
        .flat_map(move |piece| {
            let mut whole: Vec<Result<String, Loss>> = Vec::new();
            match piece {
                Some(Ok(piece)) => {
                    for part in piece.as_ref().split_inclusive(|byte| *byte == b'\n') {
                        begun.extend_from_slice(part);
                        if part.ends_with(b"\n") {
                            whole.push(text(&mut begun));
                        }
                    }
                }
                Some(Err(loss)) => whole.push(Err(loss)),
                None => whole.push(text(&mut begun)),
            }
            stream::iter(whole)
        })
        .filter(|line| future::ready(!matches!(line, Ok(line) if line.trim().is_empty())))
}

fn text(bytes: &mut Vec<u8>) -> Result<String, Loss> {
    String::from_utf8(std::mem::take(bytes)).map_err(|_bytes| Loss::NotText)
}
