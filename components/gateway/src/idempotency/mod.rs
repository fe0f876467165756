//! `Idempotency-Key` (A-41, A-42, K-51, K-53): at most one execution for each key. A retry gets the
//! answer of that execution.
//!
//! The key-value store holds a reservation while the request runs, and the response after it.
//! Behind it, the function writes a receipt in the same SQL transaction as its work. So after a
//! crash between commit and store, a lost store or an expired reservation, a retry finds the
//! receipt, and there is never a second execution. An error means that nothing was changed. It is
//! not stored, and the key may be used again.

mod key;

use protocol::{entry, note};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::holder;
use crate::representation::{self, Form};
use crate::router::Route;
use crate::trace::{Seen, hex};
use crate::{
    Body, Caller, Code, Context, Error, Fault, Idempotency, Parameter, Platform, Request, Response,
    limits,
};

/// The headers of HTTP that every function gets. The others are those that the contract of the
/// operation declares.
pub(crate) const HANDED_ON: [&str; 5] =
    ["accept", "content-type", "if-match", "if-none-match", "if-unmodified-since"];

/// A credential that the gateway has not checked, such as that of a client at the token endpoint.
/// Public operations get it.
const CREDENTIAL: &str = "authorization";

/// The stored form: one line of JSON, then the body of the response as it was sent.
#[derive(Serialize, Deserialize)]
struct Record {
    /// For a reservation, the time at which it may be taken over. For a response, the time at which
    /// it is forgotten. In milliseconds since the epoch. It is the first member, where `protocol::entry`
    /// looks for it.
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

/// Calls the function, but only once for a key.
pub(crate) async fn once<P: Platform>(
    platform: &P,
    config: &Config,
    form: &Form<'_>,
    route: &Route<'_>,
    caller: Option<Caller>,
    body: representation::Body,
    seen: &mut Seen,
) -> Result<Response<P::Stream>, Error> {
    let parts = form.parts;
    let key = match route.operation.idempotency {
        Idempotency::Unsupported => None,
        Idempotency::Optional => key::of(&parts.headers)?,
        Idempotency::Required => Some(key::of(&parts.headers)?.ok_or_else(key::missing)?),
    };
    let representation::Body { sent, native } = body;
    let stranger = key::Stranger {
        body: native.as_deref().unwrap_or(&sent),
        network: limits::network(seen.address),
    };
    let bound = key.map(|key| {
        let scoped = key::scoped(&key, parts, caller.as_ref(), &stranger);
        (scoped, key::fingerprint(&key, &sent))
    });
    let mut request = Request { parameters: parameters(form, route), body: native.unwrap_or(sent) };
    let context = Context { trace_id: seen.trace_id.clone(), caller };
    let mut facts = facts(seen);
    let Some((key, fingerprint)) = bound else {
        facts.write(&mut request.parameters);
        return call(platform, context, route, request).await;
    };

    let slot = entry::idempotency(&key);
    let lease = platform.now() + config.idempotency_lease * 1000;
    let reservation = encode(
        &Record {
            expires_at: lease,
            fingerprint: fingerprint.clone(),
            holder: Some(hex(&platform.random())),
            response: None,
        },
        &[],
    );
    let claim = Claim { slot: &slot, reservation: &reservation, fingerprint: &fingerprint, lease };
    if let Some(stored) = reserve(platform, config, &claim).await? {
        seen.replayed = true;
        return Ok(stored);
    }
    facts.key = Some(note::Key { key: key.clone(), fingerprint: fingerprint.clone() });
    facts.write(&mut request.parameters);
    let outcome = call(platform, context, route, request).await;
    match &outcome {
        Ok(Response { status, headers, body }) => {
            let bytes: &[u8] = match body {
                Body::Bytes(bytes) => bytes,
                Body::Empty | Body::Streaming(_) => &[],
            };
            seen.replayed = headers.iter().any(|(name, _)| name == note::REPLAYED);
            if is_secret(headers) {
                release(platform, &slot, &reservation, seen).await;
                return outcome;
            }
            let headers = headers.iter().filter(|(name, _)| name != note::REPLAYED);
            let record = Record {
                expires_at: platform.now() + config.idempotency_retention * 1000,
                fingerprint,
                holder: None,
                response: Some(Head { status: *status, headers: headers.cloned().collect() }),
            };
            // If this write is lost, then the receipt in SQL answers a retry.
            if let Err(fault) = platform.set(&slot, &encode(&record, bytes)).await {
                seen.cause = Some(format!("idempotent response not stored: {fault:?}"));
            }
        }
        // After a time-out or a trap, nobody knows whether the work was committed or still will be.
        // A retry may come at once all the same. The receipt is in the transaction of the work, so
        // the second execution finds it.
        Err(_) => release(platform, &slot, &reservation, seen).await,
    }
    outcome
}

/// Whether no store may keep the answer (RFC 9111 section 5.2.2.5), because it holds tokens. Then
/// only the receipt of the function keeps it, sealed.
fn is_secret(headers: &[(String, String)]) -> bool {
    headers.iter().any(|(name, value)| name == "cache-control" && value.contains("no-store"))
}

/// Gives the slot up, unless another request has taken it over. A request that outlives its lease
/// must not delete the reservation of another one.
async fn release<P: Platform>(platform: &P, slot: &str, reservation: &[u8], seen: &mut Seen) {
    let released = match platform.get(slot).await {
        Ok(held) if held.as_deref() == Some(reservation) => platform.delete(slot).await,
        Ok(_) => Ok(()),
        Err(fault) => Err(fault),
    };
    if let Err(fault) = released {
        seen.cause.get_or_insert_with(|| format!("reservation not released: {fault:?}"));
    }
}

/// A reservation that a request wants to make.
struct Claim<'a> {
    slot: &'a str,
    reservation: &'a [u8],
    fingerprint: &'a str,
    /// When the reservation ends, in milliseconds since the epoch.
    lease: u64,
}

/// Reserves the slot. If the slot is taken, then returns the stored response, or an error.
async fn reserve<P: Platform>(
    platform: &P,
    config: &Config,
    claim: &Claim<'_>,
) -> Result<Option<Response<P::Stream>>, Error> {
    let Claim { slot, reservation, fingerprint, lease } = *claim;
    let unavailable = |fault: Fault| {
        Error::because(Code::ServiceUnavailable, format!("idempotency store: {fault:?}"))
    };
    let mut current = None;
    // A request that loses the swap reads what the winner wrote. Only another retry at the same
    // instant can make it lose a second time.
    for _ in 0..2 {
        if platform.swap(slot, current.as_deref(), reservation).await.map_err(unavailable)? {
            return Ok(None);
        }
        current = platform.get(slot).await.map_err(unavailable)?;
        if current.as_deref() == Some(reservation) {
            // The reservation is ours. The reply was lost, or the store reports every swap as
            // failed, as Spin 4.1 does on Redis.
            return Ok(None);
        }
        let Some((record, body)) = current.as_deref().and_then(decode) else { continue };
        // A reservation that ends long after our own was made before a clock was set back.
        let latest = lease + config.idempotency_lease * 1000;
        let ended = record.expires_at <= platform.now();
        if ended || (record.response.is_none() && record.expires_at > latest) {
            continue;
        }
        if record.fingerprint != fingerprint {
            return Err(Error::new(
                Code::IdempotencyKeyReused,
                "This Idempotency-Key was used with another body; use a new key for a new request.",
            ));
        }
        if let Some(Head { status, headers }) = record.response {
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

async fn call<P: Platform>(
    platform: &P,
    context: Context,
    route: &Route<'_>,
    request: Request,
) -> Result<Response<P::Stream>, Error> {
    let outcome = platform.call(context, &route.operation.id, request).await;
    let mut outcome = outcome.unwrap_or_else(|fault| {
        Err(match fault {
            Fault::Timeout => Error::new(Code::Timeout, Code::Timeout.row().title),
            Fault::Trapped(cause) => Error::because(Code::InternalError, cause),
            Fault::Unavailable(cause) => Error::because(Code::ServiceUnavailable, cause),
            Fault::Busy => {
                let mut error = Error::because(Code::ServiceUnavailable, "all instances are busy");
                error.retry_after = Some(1);
                error
            }
            Fault::Streams => {
                let mut error = Error::new(Code::RateLimitExceeded, holder::MESSAGE);
                error.retry_after = Some(holder::RETRY_AFTER);
                error
            }
        })
    });
    // The header is removed before the answer is stored, because a replay makes nothing due.
    if let Ok(response) = &mut outcome
        && note::take_work_due(&mut response.headers)
    {
        platform.wake();
    }
    outcome
}

fn facts(seen: &Seen) -> note::Facts {
    note::Facts {
        request_id: seen.request_id.clone(),
        address: Some(seen.address),
        is_local: seen.local,
        is_for_replica: seen.replica,
        credential: seen.verified.as_ref().map(|it| it.credential.clone()).unwrap_or_default(),
        key: None,
    }
}

fn parameters(form: &Form<'_>, route: &Route<'_>) -> Vec<Parameter> {
    let mut parameters = route.variables.clone();
    let query = form.parts.uri.query().unwrap_or_default();
    let query = form_urlencoded::parse(query.as_bytes());
    parameters.extend(query.map(|(name, value)| form.query_parameter(name, value)));
    parameters.extend(form.first_page());
    let declared = route.operation.headers.iter().map(String::as_str);
    let credential = route.operation.public.then_some(CREDENTIAL);
    for name in HANDED_ON.into_iter().chain(declared).chain(credential) {
        if let Some(value) = form.header(name) {
            parameters.push(Parameter::header(name, value));
        }
    }
    parameters
}

fn encode(record: &Record, body: &[u8]) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(record).unwrap_or_default();
    bytes.push(b'\n');
    bytes.extend_from_slice(body);
    bytes
}

fn decode(bytes: &[u8]) -> Option<(Record, &[u8])> {
    let line = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((serde_json::from_slice(&bytes[..line]).ok()?, &bytes[line + 1..]))
}
