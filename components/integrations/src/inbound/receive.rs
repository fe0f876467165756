//! `POST /webhooks/{kind}`, `/integrations/webhooks/{provider}`, `/billing/webhooks/{provider}`:
//! receives a webhook.
//!
//! The request is stored under the id that its provider gave it, which a second delivery has too,
//! and is then answered. [`super::process`] brings it into the feed.

use kit::metadata::DueWork;
use kit::{Call, Code, Error, Reply, Scope, Seal, System, hops, now, values};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::document::Document;
use super::identity::Identity;
use super::{Provider, Reason, rejections, verify};
use crate::{health, secrets};

/// The longest body, in bytes: as much as SQS, SNS and EventBridge accept. The body becomes the
/// data of an event, and one instance sends up to 64 events at a time.
const MAX_BODY: usize = 262_144;
/// A key that no integration has. It is as long as a generated secret.
const PLACEHOLDER_KEY: [u8; 32] = [0; 32];
/// The id of the integration that stands for none. No real id is so short.
const PLACEHOLDER_ID: &str = "-";

/// Which integrations a receiver serves.
#[derive(Clone, Copy)]
pub(crate) enum Receiver<'a> {
    /// The integrations of this kind.
    Kind(&'a str),
    /// The integrations of this provider.
    Provider(&'a str),
}

#[derive(Serialize)]
struct Received {
    status: &'static str,
}

/// The integration that a request names, with the keys that are valid now. If there is none, then a
/// stand-in takes its place. Both are handled in the same way and take the same time, so that a
/// stranger cannot find out which integrations exist.
struct ClaimedIntegration {
    tenant: String,
    id: String,
    provider: Provider,
    kind: String,
    keys: Vec<Vec<u8>>,
}

pub(crate) async fn receive(call: &Call, receiver: Receiver<'_>) -> kit::Result {
    let body = call.body();
    if body.len() > MAX_BODY {
        return Err(Error {
            context: vec![("limit_bytes".to_owned(), MAX_BODY.to_string())],
            ..Error::new(
                Code::PayloadTooLarge,
                format!("A webhook is larger than {MAX_BODY} bytes."),
            )
        });
    }
    let seal = Seal::load(call).await?;
    let system = System::open(call, "the integration tells the tenant, as there is no caller")?;
    let headers = |name: &str| call.header(name);
    let id = call.query("integration").unwrap_or_default();
    let claimed = find(&system, &seal, id, receiver)?;
    let verdict = verify(claimed.provider, &claimed.keys, &headers, body, now() / 1000);
    let verdict = match claimed.accepts(receiver) {
        true => verdict,
        false => Err(Reason::Misdirected),
    };
    if let Err(reason) = verdict {
        let scope = system.enter(&claimed.tenant);
        system.transaction(|| rejections::count(&scope, call.trace_id(), &claimed.id, reason))?;
        return Err(refusal());
    }
    let content_type = call.header("content-type").unwrap_or_default();
    let document = Document::read(claimed.provider, content_type, body);
    if claimed.provider == Provider::Slack && document.json["type"] == "url_verification" {
        return Reply::ok(&json!({ "challenge": document.json["challenge"].as_str() }));
    }
    let hops = hops::of_request(call.header(hops::HEADER));
    if hops::is_loop(hops) {
        // A refusal would be retried. In the end it would disable an endpoint that also sends other
        // events.
        return Reply::ok(&Received { status: "IGNORED" });
    }
    let identity = Identity::of(claimed.provider, &headers, &document.json, body);
    let fresh = system.transaction(|| {
        let scope = system.enter(&claimed.tenant);
        let fresh = store(call, &scope, &claimed, &identity, hops, document)?;
        health::received(&scope, &claimed.id, fresh)?;
        Ok(fresh)
    })?;
    match fresh {
        true => Reply::accepted(&Received { status: "ACCEPTED" }),
        false => Reply::ok(&Received { status: "DUPLICATE" }),
    }
}

/// The same answer for all refusals, so that it does not tell which integrations exist.
fn refusal() -> Error {
    Error::new(Code::AuthenticationRequired, "No integration has signed this request.")
}

fn find(
    system: &System<'_>,
    seal: &Seal,
    id: &str,
    receiver: Receiver<'_>,
) -> kit::Result<ClaimedIntegration> {
    let found = system.fetch_optional::<(String, String, String, String)>(
        "SELECT tenant_id, id, provider, kind FROM integrations \
         WHERE id = $1 AND deleted_at IS NULL",
        values![id],
    )?;
    let known = found.and_then(|(tenant, id, provider, kind)| {
        let provider = Provider::parse(&provider)?;
        Some(ClaimedIntegration { tenant, id, provider, kind, keys: Vec::new() })
    });
    let mut claimed = known.unwrap_or_else(|| ClaimedIntegration::placeholder(id, receiver));
    let secrets = system.read(&claimed.tenant, |scope| secrets::load(scope, seal, &claimed.id))?;
    claimed.keys = secrets.iter().filter_map(|secret| claimed.provider.key(secret)).collect();
    if claimed.is_placeholder() {
        // Sealing takes as long as opening the secret of a real integration.
        seal.seal(PLACEHOLDER_ID, &PLACEHOLDER_KEY)?;
        claimed.keys = vec![PLACEHOLDER_KEY.to_vec()];
    }
    Ok(claimed)
}

impl ClaimedIntegration {
    fn placeholder(id: &str, receiver: Receiver<'_>) -> Self {
        let provider = match receiver {
            Receiver::Provider(slug) => Provider::of(slug),
            Receiver::Kind(_) => None,
        };
        Self {
            // One of 256 made-up tenants, because writes for the same tenant wait for each other.
            tenant: format!("{PLACEHOLDER_ID}{}", hex::encode(&Sha256::digest(id)[..1])),
            id: PLACEHOLDER_ID.to_owned(),
            provider: provider.unwrap_or(Provider::HmacSha256),
            kind: String::new(),
            keys: Vec::new(),
        }
    }

    fn is_placeholder(&self) -> bool {
        self.id == PLACEHOLDER_ID
    }

    /// Whether a request to this receiver may be for this integration. No request is for the
    /// stand-in, whatever signature it has.
    fn accepts(&self, receiver: Receiver<'_>) -> bool {
        !self.is_placeholder()
            && match receiver {
                Receiver::Kind(kind) => kind == self.kind,
                Receiver::Provider(slug) => slug == self.provider.slug(),
            }
    }
}

/// Stores the webhook. Returns false if it was stored before.
fn store(
    call: &Call,
    scope: &Scope<'_>,
    claimed: &ClaimedIntegration,
    identity: &Identity,
    hops: u8,
    document: Document,
) -> kit::Result<bool> {
    let stored = scope.execute(
        "INSERT INTO inbound_events (tenant_id, integration_id, external_id, external_type, \
         body_hash, provider, kind, payload, unreadable, status, trace_id, received_at, hops) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'RECEIVED', $10, $11, $12) \
         ON CONFLICT DO NOTHING",
        values![
            &claimed.id,
            &identity.external_id,
            identity.external_type.as_deref(),
            identity.body_hash.as_deref(),
            claimed.provider.slug(),
            &claimed.kind,
            document.payload,
            document.unreadable,
            call.trace_id(),
            now(),
            hops,
        ],
    )?;
    if stored > 0 {
        scope.wake(DueWork::Integrations);
    }
    Ok(stored > 0)
}
