//! Reads from replicas of the database, if there are any. After a write, its caller reads from the
//! writer for a time. So callers see their own writes at once, on every host, and need not carry a
//! token for it. The same holds after a token was issued, because the caller may have written
//! before without a token, by registering.
//!
//! Without `postgres_reader_url` this costs nothing. With it, a read looks into the key-value store
//! once, and a write marks its caller there.

use protocol::{Caller, Error, Operation, Response, entry};

use crate::platform::Platform;
use crate::record::Record;
use crate::router::Route;
use crate::settings::Settings;

/// Whether there are replicas, and when they may answer.
pub(crate) struct Replicas {
    /// Whether the functions have a replica of the database.
    exist: bool,
    /// Milliseconds after a write during which its caller reads from the writer.
    lag: u64,
}

impl Replicas {
    pub(crate) async fn load<P: Platform>(settings: &Settings<'_, P>) -> Result<Self, String> {
        Ok(Self {
            exist: settings.is_set("postgres_reader_url").await
                || settings.is_set("postgres_own_reader_url").await,
            lag: u64::from(settings.number("read_own_writes_seconds", 5, 1..=u32::MAX).await?)
                * 1000,
        })
    }

    /// The key of a caller's mark; `None` if there are no replicas or no caller.
    pub(crate) fn write_mark(&self, caller: Option<&Caller>) -> Option<String> {
        let caller = caller.filter(|_| self.exist)?;
        Some(entry::recent_write(&caller.tenant, caller.id()))
    }

    /// Decides whether a replica may answer.
    pub(crate) async fn choose<P: Platform>(
        &self,
        platform: &P,
        route: &Route<'_>,
        mark: Option<&str>,
        record: &mut Record,
    ) {
        let Some(mark) = mark.filter(|_| is_read(route.operation)) else { return };
        let issued_at = record.verified.as_ref().map_or(0, |verified| verified.issued_at);
        if platform.now() < issued_at + self.lag {
            return;
        }
        record.is_for_replica = match platform.get(mark).await {
            Ok(None) => true,
            Ok(Some(value)) => {
                entry::expires_at(&value).is_some_and(|expires_at| expires_at <= platform.now())
            }
            // If the store does not answer, then the writer is always a correct choice.
            Err(_) => false,
        };
    }

    /// Marks the caller of a write that was done or whose outcome is not known.
    pub(crate) async fn record_write<P: Platform>(
        &self,
        platform: &P,
        route: &Route<'_>,
        mark: Option<&str>,
        outcome: &Result<Response<P::Stream>, Error>,
        record: &mut Record,
    ) {
        let Some(mark) = mark.filter(|_| !is_read(route.operation)) else { return };
        if matches!(outcome, Err(error) if error.code.row().status < 500) {
            return;
        }
        let until = platform.now() + self.lag;
        if let Err(fault) = platform.set(mark, &entry::mark(until)).await {
            record.cause.get_or_insert_with(|| format!("write not marked: {fault:?}"));
        }
    }
}

fn is_read(operation: &Operation) -> bool {
    operation.method == "GET"
}
