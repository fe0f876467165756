//! `Idempotency-Key` (A-41, A-42, K-51, K-53): at most one execution for each key. A retry gets the
//! answer of that execution.
//!
//! The key-value store holds a reservation while the request runs, and the response after it.
//! Behind it, the function writes a receipt in the same SQL transaction as its work. So after a
//! crash between commit and store, a lost store or an expired reservation, a retry finds the
//! receipt, and there is never a second execution. An error means that nothing was changed. It is
//! not stored, and the key may be used again.

mod key;

use http::request::Parts;
use protocol::{Body, Caller, Code, Error, Idempotency, Response, entry, metadata};
use serde::{Deserialize, Serialize};

use crate::limits::network;
use crate::platform::{Fault, Platform};
use crate::record::Record;
use crate::representation;
use crate::router::Route;
use crate::settings::Settings;

/// The slots of the keys in the key-value store.
pub(crate) struct Slots {
    /// Milliseconds for which a response is kept (A-42: at least a day).
    retention: u64,
    /// The lease of a reservation, in milliseconds. If the request has vanished, then another one
    /// may take the reservation over after it.
    lease: u64,
}

/// The slot of one key, with the reservation of one request.
pub(crate) struct Slot {
    /// The name of the slot in the key-value store.
    name: String,
    reservation: Vec<u8>,
    /// When the reservation ends, in milliseconds since the epoch.
    lease: u64,
    /// The key as functions see it.
    pub(crate) key: metadata::Key,
}

/// What a request may do, as far as its key decides.
pub(crate) enum Claim<S> {
    /// It may run. `None` if it has no key, or its operation takes none.
    Proceed(Option<Slot>),
    /// It ran before. This is the kept response.
    Replay(Response<S>),
}

/// The stored form: one line of JSON, then the body of the response as it was sent.
#[derive(Serialize, Deserialize)]
struct Entry {
    /// For a reservation, the time at which it may be taken over. For a response, the time at which
    /// it is forgotten. In milliseconds since the epoch. It is the first member, where
    /// `protocol::entry` looks for it.
    expires_at: u64,
    fingerprint: String,
    /// For a reservation, a name that no other one has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    holder: Option<String>,
    response: Option<Head>,
}

#[derive(Serialize, Deserialize)]
struct Head {
    status: u16,
    headers: Vec<(String, String)>,
}

impl Slots {
    pub(crate) async fn load<P: Platform>(settings: &Settings<'_, P>) -> Result<Self, String> {
        let seconds =
            settings.number("idempotency_retention_seconds", 86_400, 86_400..=u32::MAX).await?;
        let lease = settings.number("idempotency_lease_seconds", 60, 1..=u32::MAX).await?;
        Ok(Self { retention: u64::from(seconds) * 1000, lease: u64::from(lease) * 1000 })
    }

    /// Reserves the slot of the request's key, or finds the response that it holds.
    pub(crate) async fn claim<P: Platform>(
        &self,
        platform: &P,
        parts: &Parts,
        route: &Route<'_>,
        caller: Option<&Caller>,
        body: &representation::Body,
        record: &mut Record,
    ) -> Result<Claim<P::Stream>, Error> {
        let sent = match route.operation.idempotency {
            Idempotency::Unsupported => None,
            Idempotency::Optional => key::of(&parts.headers)?,
            Idempotency::Required => Some(key::of(&parts.headers)?.ok_or_else(key::missing)?),
        };
        let Some(sent) = sent else { return Ok(Claim::Proceed(None)) };
        let sender = key::AnonymousSender {
            body: body.native.as_deref().unwrap_or(&body.sent),
            network: network(record.address),
        };
        let key = metadata::Key {
            key: key::scoped(&sent, parts, caller, &sender),
            fingerprint: key::fingerprint(&sent, &body.sent),
        };
        let lease = platform.now() + self.lease;
        let reservation = Entry {
            expires_at: lease,
            fingerprint: key.fingerprint.clone(),
            holder: Some(hex::encode(platform.random())),
            response: None,
        };
        let reservation = encode(&reservation, &[]);
        let slot = Slot { name: entry::idempotency(&key.key), reservation, lease, key };
        Ok(match self.reserve(platform, &slot).await? {
            Some(kept) => {
                record.is_replayed = true;
                Claim::Replay(kept)
            }
            None => Claim::Proceed(Some(slot)),
        })
    }

    /// Keeps the response for retries. If the request failed, then this gives the slot up, so that
    /// a retry may run. Returns the outcome unchanged.
    pub(crate) async fn finish<P: Platform>(
        &self,
        platform: &P,
        slot: Option<Slot>,
        outcome: Result<Response<P::Stream>, Error>,
        record: &mut Record,
    ) -> Result<Response<P::Stream>, Error> {
        let Some(slot) = slot else { return outcome };
        match &outcome {
            Ok(Response { status, headers, body }) => {
                let bytes: &[u8] = match body {
                    Body::Bytes(bytes) => bytes,
                    Body::Empty | Body::Streaming(_) => &[],
                };
                record.is_replayed = headers.iter().any(|(name, _)| name == metadata::REPLAYED);
                if is_secret(headers) {
                    release(platform, &slot, record).await;
                    return outcome;
                }
                let headers = headers.iter().filter(|(name, _)| name != metadata::REPLAYED);
                let kept = Entry {
                    expires_at: platform.now() + self.retention,
                    fingerprint: slot.key.fingerprint,
                    holder: None,
                    response: Some(Head { status: *status, headers: headers.cloned().collect() }),
                };
                // If this write is lost, then the receipt in SQL answers a retry.
                if let Err(fault) = platform.set(&slot.name, &encode(&kept, bytes)).await {
                    record.cause = Some(format!("idempotent response not stored: {fault:?}"));
                }
            }
            // After a time-out or a trap, nobody knows whether the work was committed or still will
            // be. A retry may come at once all the same. The receipt is in the transaction of the
            // work, so the second execution finds it.
            Err(_) => release(platform, &slot, record).await,
        }
        outcome
    }

    /// Reserves the slot. If the slot is taken, then returns the stored response, or an error.
    async fn reserve<P: Platform>(
        &self,
        platform: &P,
        slot: &Slot,
    ) -> Result<Option<Response<P::Stream>>, Error> {
        let Slot { name, reservation, lease, key } = slot;
        let unavailable = |fault: Fault| {
            Error::because(Code::ServiceUnavailable, format!("idempotency store: {fault:?}"))
        };
        let mut current = None;
        // A request that loses the swap reads what the winner wrote. Only another retry at the same
        // instant can make it lose a second time.
        for _ in 0..2 {
            if platform.swap(name, current.as_deref(), reservation).await.map_err(unavailable)? {
                return Ok(None);
            }
            current = platform.get(name).await.map_err(unavailable)?;
            if current.as_ref() == Some(reservation) {
                // The reservation is ours. The reply was lost, or the store reports every swap as
                // failed, as Spin 4.1 does on Redis.
                return Ok(None);
            }
            let Some((held, body)) = current.as_deref().and_then(decode) else { continue };
            // A reservation that ends long after our own was made before a clock was set back.
            let latest = lease + self.lease;
            let ended = held.expires_at <= platform.now();
            if ended || (held.response.is_none() && held.expires_at > latest) {
                continue;
            }
            if held.fingerprint != key.fingerprint {
                return Err(Error::new(
                    Code::IdempotencyKeyReused,
                    "This Idempotency-Key was used with another body; use a new key for a new request.",
                ));
            }
            if let Some(Head { status, headers }) = held.response {
                let body = if body.is_empty() { Body::Empty } else { Body::Bytes(body.to_vec()) };
                return Ok(Some(Response { status, headers, body }));
            }
            break;
        }
        let mut error = Error::new(
            Code::IdempotencyConflict,
            "A request with this Idempotency-Key is still running; ask again in a moment.",
        );
        error.retry_after = Some(1);
        Err(error)
    }
}

/// Whether no store may keep the answer (RFC 9111 section 5.2.2.5), because it holds tokens. Then
/// only the receipt of the function keeps it, sealed.
fn is_secret(headers: &[(String, String)]) -> bool {
    headers.iter().any(|(name, value)| name == "cache-control" && value.contains("no-store"))
}

/// Gives the slot up, unless another request has taken it over. A request that outlives its lease
/// must not delete the reservation of another one.
async fn release<P: Platform>(platform: &P, slot: &Slot, record: &mut Record) {
    let released = match platform.get(&slot.name).await {
        Ok(held) if held.as_ref() == Some(&slot.reservation) => platform.delete(&slot.name).await,
        Ok(_) => Ok(()),
        Err(fault) => Err(fault),
    };
    if let Err(fault) = released {
        record.cause.get_or_insert_with(|| format!("reservation not released: {fault:?}"));
    }
}

fn encode(entry: &Entry, body: &[u8]) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(entry).unwrap_or_default();
    bytes.push(b'\n');
    bytes.extend_from_slice(body);
    bytes
}

fn decode(bytes: &[u8]) -> Option<(Entry, &[u8])> {
    let line = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((serde_json::from_slice(&bytes[..line]).ok()?, &bytes[line + 1..]))
}
