//! Server-sent events, as far as answers use them: the data of each event, one after the other.
//! What the data means is the format's that uses it.

use eventsource_stream::{EventStreamError, Eventsource as _};
use futures::{Stream, StreamExt as _, future};

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
