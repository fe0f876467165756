//! `GET /events/stream`: the feed as server-sent events (WHATWG HTML, section 9.2).
//!
//! The stream asks the database once a second, because a function is told nothing by others.
//! It ends by itself, so that no credential is honoured for long after it has ended, and no
//! instance stays for ever; the client comes back with the last `id` and loses nothing.

use std::time::{Duration, Instant};

use kit::{Call, Code, Error, Published, Reply, Writer, problem};

use crate::feed::{cursor, place};
use crate::selection::{Part, Selection, end};

const MEDIA_TYPE: &str = "text/event-stream";
/// How often the database is asked.
const PAUSE: Duration = Duration::from_secs(1);
/// How often something is written at least: proxies end what is silent, and that a client has
/// left is seen by writing.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often it is asked whether the caller's token was revoked.
const LOOK: Duration = Duration::from_secs(5);
/// Events that are read at once; more of them when the client has taken these.
const PAGE: usize = 100;
/// The life of a stream when nobody says, in seconds.
const LIFE: u64 = 300;
/// What the client is told to wait for before it comes back, in milliseconds.
const RETRY: u32 = 1000;

/// Checks the request, and streams.
pub(crate) async fn open(call: Call) -> kit::Result {
    let (selection, feed) = Selection::parse(&call, &["cursor", "from"])?;
    let seconds = spin_sdk::variables::get("stream_seconds").await.unwrap_or_default();
    let life = Duration::from_secs(seconds.trim().parse().unwrap_or(LIFE).max(1));
    // The header is what a client adds to the same address when it comes back.
    let given =
        call.header("last-event-id").filter(|id| !id.is_empty()).map(str::to_owned).or(feed.cursor);
    let start = call.read_list(|scope| match (given, call.query("from")) {
        (Some(cursor), _) => place(scope, &cursor),
        (None, Some("beginning")) => Ok(0),
        (None, None | Some("now")) => end(scope),
        (None, Some(_)) => {
            let message = "Must be one of: now, beginning.";
            Err(Error::violation("from", "NOT_ALLOWED_VALUE", message))
        }
    })?;
    // The gateway may have verified the token before it was revoked.
    if call.is_revoked()? {
        return Err(problem(Code::InvalidToken, "The access token was revoked."));
    }
    let stream = Stream { call, selection, place: start, told: start };
    Ok(Reply::streaming(MEDIA_TYPE, |out| stream.run(out, life))
        .header("cache-control", "no-store")
        // nginx would keep events back until it has a bufferful.
        .header("x-accel-buffering", "no"))
}

struct Stream {
    call: Call,
    selection: Selection,
    /// Everything up to here was looked at.
    place: i64,
    /// The place that the client was told last.
    told: i64,
}

impl Stream {
    /// Writes until the client leaves, the database does not answer, or the time is over.
    async fn run(mut self, mut out: Writer, life: Duration) {
        let began = Instant::now();
        let (mut quiet, mut looked) = (began, began);
        if !out.write(format!("retry: {RETRY}\n\n")).await {
            return;
        }
        while began.elapsed() < life {
            if looked.elapsed() >= LOOK {
                // Whoever still may comes back with a new token.
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
            kit::sleep(PAUSE.min(life.saturating_sub(began.elapsed()))).await;
            if quiet.elapsed() >= HEARTBEAT {
                let Ok(text) = self.heartbeat() else { return };
                if !out.write(text).await {
                    return;
                }
                quiet = Instant::now();
            }
        }
    }

    /// What has happened since the last time, and whether there is more of it.
    fn next(&mut self) -> kit::Result<(String, bool)> {
        let Self { call, selection, place, told, .. } = self;
        call.read_list(|scope| {
            let part: Part = selection.read(scope, *place, PAGE)?;
            let mut text = String::new();
            for event in &part.events {
                write(&mut text, &cursor(scope, event.seq)?, event)?;
                *told = event.seq;
            }
            *place = part.place;
            Ok((text, part.is_full))
        })
    }

    /// A comment. Where events have passed that were not asked for, a client is told the place
    /// behind them, so that it need not look at them again.
    fn heartbeat(&mut self) -> kit::Result<String> {
        if self.told == self.place {
            return Ok(":\n\n".to_owned());
        }
        self.told = self.place;
        let cursor = self.call.read_list(|scope| cursor(scope, self.place))?;
        Ok(format!(":\nid: {cursor}\n\n"))
    }
}

/// Appends an event. JSON of serde is one line, and names and cursors hold no line breaks.
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
