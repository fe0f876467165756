//! `POST /webhooks/{kind}`, `/integrations/webhooks/{provider}`, `/billing/webhooks/{provider}`:
//! takes a webhook in. It is stored under the provider's name for it, which a second delivery
//! has too, and answered; its way into the feed is [`super::process`].

use kit::{Call, Code, Error, Event, Reply, Scope, Seal, System, Value, now, problem};
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::identity::Identity;
use super::{Provider, Reason, verify};
use crate::integrations::{health, secrets};

/// The longest body, in bytes: it becomes the data of an event.
const LONGEST: usize = 65_536;
/// Verifies nothing, as long as a secret that is made here.
const NOBODYS: [u8; 32] = [0; 32];

/// Which integrations the receiver is of.
#[derive(Clone, Copy)]
pub(crate) enum Receiver<'a> {
    /// Those of a kind.
    Kind(&'a str),
    /// Those of a provider.
    Provider(&'a str),
}

#[derive(Serialize)]
struct Received {
    status: &'static str,
}

/// The integration that a request names, with the keys that are good now.
struct Known {
    tenant: String,
    id: String,
    provider: Provider,
    kind: String,
    keys: Vec<Vec<u8>>,
}

pub(crate) async fn receive(call: &Call, receiver: Receiver<'_>) -> kit::Result {
    let body = call.body();
    if body.len() > LONGEST {
        return Err(Error {
            context: vec![("limit_bytes".to_owned(), LONGEST.to_string())],
            ..problem(Code::PayloadTooLarge, format!("A webhook is larger than {LONGEST} bytes."))
        });
    }
    let seal = Seal::load(call).await?;
    let system = System::open(call, "the integration tells the tenant, as there is no caller")?;
    let headers = |name: &str| call.header(name);
    let Some(known) = find(&system, &seal, call.query("integration").unwrap_or_default())? else {
        // As much work as for one that there is, so that the answer takes about as long.
        let provider = match receiver {
            Receiver::Provider(slug) => Provider::of(slug),
            Receiver::Kind(_) => None,
        };
        let provider = provider.unwrap_or(Provider::HmacSha256);
        let _ = verify(provider, &[NOBODYS.to_vec()], &headers, body, now() / 1000);
        return Err(refusal());
    };
    let verdict = verify(known.provider, &known.keys, &headers, body, now() / 1000);
    let meant = match receiver {
        Receiver::Kind(kind) => kind == known.kind,
        Receiver::Provider(slug) => slug == known.provider.slug(),
    };
    let verdict = if meant { verdict } else { Err(Reason::Misdirected) };
    if let Err(reason) = verdict {
        system.transaction(|| reject(&system.enter(&known.tenant), &known, reason))?;
        return Err(refusal());
    }
    let document: Json = serde_json::from_slice(body).unwrap_or_default();
    if known.provider == Provider::Slack && document["type"] == "url_verification" {
        return Reply::ok(&json!({ "challenge": document["challenge"].as_str() }));
    }
    let identity = Identity::of(known.provider, &headers, &document, body);
    let fresh = system.transaction(|| {
        let scope = system.enter(&known.tenant);
        let fresh = store(call, &scope, &known, &identity, payload(&document, body))?;
        health::received(&scope, &known.id, fresh)?;
        Ok(fresh)
    })?;
    match fresh {
        true => Reply::accepted(&Received { status: "ACCEPTED" }),
        false => Reply::ok(&Received { status: "DUPLICATE" }),
    }
}

/// One answer for all refusals: it does not tell which integrations there are.
fn refusal() -> Error {
    problem(Code::AuthenticationRequired, "No integration has signed this request.")
}

fn find(system: &System<'_>, seal: &Seal, id: &str) -> kit::Result<Option<Known>> {
    let rows = system.query(
        "SELECT tenant_id, provider, kind FROM integrations WHERE id = $1 AND deleted_at IS NULL",
        &[Value::Text(id.to_owned())],
    )?;
    let Some(mut row) = rows.into_iter().next() else { return Ok(None) };
    let (tenant, provider, kind) = (row.text(), row.text(), row.text());
    let Some(provider) = Provider::parse(&provider) else { return Ok(None) };
    let secrets = system.read(&tenant, |scope| secrets::load(scope, seal, id))?;
    let keys = secrets.iter().filter_map(|secret| provider.key(secret)).collect();
    Ok(Some(Known { tenant, id: id.to_owned(), provider, kind, keys }))
}

/// Leaves an audit entry, and nothing of what was sent.
fn reject(scope: &Scope<'_>, known: &Known, reason: Reason) -> kit::Result<()> {
    let data = json!({ "provider": known.provider.slug(), "reason": reason.name() });
    let attempt = Event {
        kind: "webhook.rejected",
        subject: &known.id,
        source_agent: "webhooks",
        data: data.to_string(),
    };
    scope.audit(&known.id, &attempt)?;
    health::rejected(scope, &known.id, reason)
}

/// Stores it; returns whether it was not there yet.
fn store(
    call: &Call,
    scope: &Scope<'_>,
    known: &Known,
    identity: &Identity,
    payload: String,
) -> kit::Result<bool> {
    let text = |text: &str| Value::Text(text.to_owned());
    let stored = scope.execute(
        "INSERT INTO inbound_events (tenant_id, integration_id, external_id, external_type, \
         provider, kind, payload, status, trace_id, received_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'RECEIVED', $8, $9) ON CONFLICT DO NOTHING",
        [
            text(&known.id),
            text(&identity.external_id),
            identity.external_type.as_deref().map_or(Value::Null, text),
            text(known.provider.slug()),
            text(&known.kind),
            Value::Text(payload),
            text(call.trace_id()),
            Value::Integer(now()),
        ],
    )?;
    if stored > 0 {
        scope.wake();
    }
    Ok(stored > 0)
}

/// The body as JSON: itself when it is, else its text as `raw`.
fn payload(document: &Json, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    match document {
        // No document reads as null.
        Json::Null => json!({ "raw": text }).to_string(),
        _ => text.into_owned(),
    }
}
