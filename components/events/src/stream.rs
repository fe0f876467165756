//! `GET /events/stream`: the feed as server-sent events (WHATWG HTML, section 9.2).
//!
//! The stream polls the database once a second, because nothing notifies a function of new events.
//!
//! Each stream ends by itself after some time. So an expired credential is not honoured for long,
//! and no instance is occupied for ever. The client reconnects with the last `id`, and loses no
//! event.

use std::time::{Duration, Instant};

use kit::{Call, Code, Error, Published, Reply, Writer};

use crate::feed::{cursor, position};
use crate::selection::{EventBatch, Selection, end};
use crate::settings::SETTINGS;

const MEDIA_TYPE: &str = "text/event-stream";
/// How often the database is polled.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// The longest time without a write. Proxies close silent connections, and only a failed write
/// shows that the client has left.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often the stream checks whether the caller's token was revoked.
const REVOCATION_CHECK: Duration = Duration::from_secs(5);
/// How many events are read at once. The next ones are read when the client has received these.
const PAGE: usize = 100;
/// How long the client waits before it reconnects, in milliseconds.
const RETRY: u32 = 1000;

/// Checks the request, and starts the stream.
pub(crate) async fn open(call: Call) -> kit::Result {
    let (selection, feed) = Selection::parse(&call, &["cursor", "from"])?;
    // A client that reconnects adds this header to the same URL, so it takes precedence.
    let given =
        call.header("last-event-id").filter(|id| !id.is_empty()).map(str::to_owned).or(feed.cursor);
    let start = call.read_list(|scope| match (given, call.query("from")) {
        (Some(cursor), _) => position(scope, &cursor),
        (None, Some("beginning")) => Ok(0),
        (None, None | Some("now")) => end(scope),
        (None, Some(_)) => {
            let message = "Must be one of: now, beginning.";
            Err(Error::violation("from", "NOT_ALLOWED_VALUE", message))
        }
    })?;
    // The gateway may have verified the token before it was revoked.
    if call.is_revoked()? {
        return Err(Error::new(Code::InvalidToken, "The access token was revoked."));
    }
    let stream = Stream { call, selection, position: start, sent_position: start };
    Ok(Reply::streaming(MEDIA_TYPE, |out| stream.run(out, SETTINGS.stream))
        .header("cache-control", "no-store")
        // nginx would keep events back until it has a bufferful.
        .header("x-accel-buffering", "no"))
}

struct Stream {
    call: Call,
    selection: Selection,
    /// The position up to which the feed was read.
    position: i64,
    /// The last position that the client was told.
    sent_position: i64,
}

impl Stream {
    /// Writes events until the client leaves, a read of the database fails, or the time is over.
    async fn run(mut self, mut out: Writer, life: Duration) {
        let began = Instant::now();
        let (mut quiet, mut looked) = (began, began);
        if !out.write(format!("retry: {RETRY}\n\n")).await {
            return;
        }
        while began.elapsed() < life {
            if looked.elapsed() >= REVOCATION_CHECK {
                // A client that still has access reconnects with a new token.
                if !matches!(self.call.is_revoked(), Ok(false)) {
                    return;
                }
                looked = Instant::now();
            }
            let Ok((text, more)) = self.next() else { return };
            if !text.is_empty() {
                if !out.write(text).await {
                    return;
                }
                quiet = Instant::now();
            }
            if more {
                continue;
            }
            kit::sleep(POLL_INTERVAL.min(life.saturating_sub(began.elapsed()))).await;
            if quiet.elapsed() >= HEARTBEAT {
                let Ok(text) = self.heartbeat() else { return };
                if !out.write(text).await {
                    return;
                }
                quiet = Instant::now();
            }
        }
    }

    /// The events since the last call as text, and whether there are more.
    fn next(&mut self) -> kit::Result<(String, bool)> {
        let Self { call, selection, position, sent_position, .. } = self;
        call.read_list(|scope| {
            let batch: EventBatch = selection.read(scope, *position, PAGE)?;
            let mut text = String::new();
            for event in &batch.events {
                write(&mut text, &cursor(scope, event.seq)?, event)?;
                *sent_position = event.seq;
            }
            *position = batch.position;
            Ok((text, batch.is_full))
        })
    }

    /// A comment line, which keeps the connection open. If the stream has skipped events that do
    /// not match the filters, then it also tells the client the position after them. So the client
    /// need not read them again after it reconnects.
    fn heartbeat(&mut self) -> kit::Result<String> {
        if self.sent_position == self.position {
            return Ok(":\n\n".to_owned());
        }
        self.sent_position = self.position;
        let cursor = self.call.read_list(|scope| cursor(scope, self.position))?;
        Ok(format!(":\nid: {cursor}\n\n"))
    }
}

/// Appends an event. serde writes JSON in one line, and type names and cursors contain no line
/// breaks.
fn write(text: &mut String, cursor: &str, event: &Published) -> kit::Result<()> {
    let data = serde_json::to_string(event).map_err(Error::internal)?;
    for (name, value) in [("id", cursor), ("event", &event.kind), ("data", &data)] {
        text.push_str(name);
        text.push_str(": ");
        text.push_str(value);
        text.push('\n');
    }
    text.push('\n');
    Ok(())
}
