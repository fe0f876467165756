//! Sends one request to an endpoint. Redirects are not followed; a 3xx counts as any other answer.

use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use futures_util::future::{Either, select};
use http_body_util::{BodyExt as _, Full};
use kit::{Record, Seal, hops, now, target};
use spin_sdk::wasip3::http::types::ErrorCode;

use super::format::Format;
use super::item::Item;
use crate::contract::endpoint;
use crate::policy::Outcome;
use crate::signature::{self, Keys};
use crate::{credentials, headers};

/// How many bytes of an answer are kept.
const EXCERPT: usize = 1024;
/// How many bytes of an answer are read. This is more than is kept, so that a credential that
/// begins in the kept part is seen whole.
const READ: usize = EXCERPT + 1000;
/// Replaces the value of a custom header in an excerpt.
const REDACTED: &str = "[redacted]";

/// The target of a delivery, and how to send to it.
#[derive(Default)]
pub(super) struct Target {
    /// `None` if the URL is not allowed: the endpoint may be older than the rule that forbids it.
    url: Option<String>,
    headers: Vec<(String, String)>,
    timeout: Duration,
    ed25519: bool,
    format: Format,
    keys: Vec<Keys>,
}

/// The result of one attempt.
pub(super) struct AttemptResult {
    pub(super) outcome: Outcome,
    pub(super) status: Option<u16>,
    pub(super) error: Option<&'static str>,
    pub(super) excerpt: String,
    pub(super) latency_ms: i64,
}

impl Target {
    pub(super) fn new(endpoint: &Record, seal: &Seal, keys: Vec<Keys>) -> kit::Result<Self> {
        let mut headers = credentials::open(seal, endpoint)?;
        headers.retain(|(name, _)| !headers::is_reserved(name));
        let url = target::parse_url(endpoint.get(endpoint::URL)?, seal.is_development());
        Ok(Self {
            url: url.ok().map(String::from),
            headers,
            timeout: Duration::from_secs(endpoint.get(endpoint::TIMEOUT_SECONDS)?.unsigned_abs()),
            ed25519: endpoint.get(endpoint::ED25519)?,
            format: Format::new(endpoint.get(endpoint::FORMAT)?),
            keys,
        })
    }

    fn request(
        &self,
        url: &str,
        item: &Item,
        hops: u8,
        body: Vec<u8>,
    ) -> Option<http::Request<Full<Bytes>>> {
        let mut request = http::Request::post(url)
            .header("content-type", self.format.media_type())
            .header("content-length", body.len())
            .header("user-agent", concat!("Tenantry-Webhooks/", env!("CARGO_PKG_VERSION")))
            .header(hops::HEADER, u16::from(hops));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let seconds = now() / 1000;
        for (name, value) in signature::headers(&self.keys, self.ed25519, &item.id, seconds, &body)
        {
            request = request.header(name, value);
        }
        request.body(Full::new(Bytes::from(body))).ok()
    }

    /// The first bytes of an answer as text, with the credentials that were sent replaced.
    fn excerpt(&self, bytes: &[u8]) -> String {
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(READ)]);
        let printable = |c: char| if c.is_control() && !"\n\t".contains(c) { ' ' } else { c };
        let text: String = text.chars().map(printable).collect();
        let mut values: Vec<&str> = self.headers.iter().map(|(_, value)| &**value).collect();
        values.retain(|value| value.len() > 3);
        // Longest first, because one value may be the beginning of another.
        values.sort_unstable_by_key(|value| std::cmp::Reverse(value.len()));
        let mut end = text.floor_char_boundary(EXCERPT);
        for (at, found) in values.iter().flat_map(|value| text.match_indices(value)) {
            if (at..at + found.len()).contains(&end) {
                end = at;
            }
        }
        let mut text = text[..end].to_owned();
        for value in values {
            text = text.replace(value, REDACTED);
        }
        text.truncate(text.floor_char_boundary(EXCERPT));
        text
    }
}

/// Sends an event. `None` if the event is not kept any more. `contract` is the base URL of its
/// schema.
pub(super) async fn send(target: &Target, item: &Item, contract: &str) -> Option<AttemptResult> {
    let event = item.event.as_ref()?;
    let body = target.format.body(event, contract);
    let hops = hops::of_delivery(&event.kind, &event.data);
    let began = Instant::now();
    let answer = async {
        let url = target.url.as_deref().ok_or(Err("ADDRESS_DENIED"))?;
        let request = target.request(url, item, hops, body).ok_or(Err("UNREADABLE"))?;
        let response = spin_sdk::http::send(request).await.map_err(Ok)?;
        let (parts, mut body) = response.into_parts();
        let mut read = Vec::new();
        // If the body breaks off, then the status that was received still counts.
        while let Some(Ok(frame)) = body.frame().await {
            read.extend(frame.into_data().unwrap_or_default());
            if read.len() >= READ {
                break;
            }
        }
        Ok::<_, Result<ErrorCode, &'static str>>((parts, read))
    };
    let timer = std::pin::pin!(spin_sdk::time::sleep(target.timeout));
    let ended = match select(std::pin::pin!(answer), timer).await {
        Either::Left((ended, _)) => {
            ended.map_err(|error| error.map_or_else(|it| it, |code| name(&code)))
        }
        Either::Right(_) => Err("TIMEOUT"),
    };
    let latency_ms = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
    Some(match ended {
        Ok((parts, read)) => {
            let status = parts.status.as_u16();
            let rejected = (200..300).contains(&status) && target.format.is_rejection(&read);
            let outcome = match rejected {
                true => Outcome::Failed { slow: false, retry_after: None },
                false => Outcome::of(status, retry_after(&parts.headers)),
            };
            let error = match (outcome, status) {
                _ if rejected => Some("REJECTED"),
                (Outcome::Delivered, _) => None,
                (_, 300..=399) => Some("REDIRECT"),
                _ => Some("STATUS"),
            };
            AttemptResult {
                outcome,
                status: Some(status),
                error,
                excerpt: target.excerpt(&read),
                latency_ms,
            }
        }
        Err(error) => AttemptResult {
            outcome: Outcome::Failed { slow: false, retry_after: None },
            status: None,
            error: Some(error),
            excerpt: String::new(),
            latency_ms,
        },
    })
}

/// The wait that `Retry-After` asks for, in milliseconds.
fn retry_after(headers: &http::HeaderMap) -> Option<i64> {
    kit::retry_after(headers.get("retry-after")?.to_str().ok()?, SystemTime::now())
}

/// The name of a failure in the attempt's `error`.
fn name(code: &ErrorCode) -> &'static str {
    match code {
        ErrorCode::HttpRequestDenied
        | ErrorCode::DestinationIpProhibited
        | ErrorCode::DestinationIpUnroutable => "ADDRESS_DENIED",
        ErrorCode::DnsError(_) | ErrorCode::DnsTimeout | ErrorCode::DestinationNotFound => {
            "NAME_NOT_RESOLVED"
        }
        ErrorCode::TlsCertificateError
        | ErrorCode::TlsProtocolError
        | ErrorCode::TlsAlertReceived(_) => "TLS_FAILED",
        ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => "TIMEOUT",
        ErrorCode::HttpProtocolError | ErrorCode::HttpResponseIncomplete => "UNREADABLE",
        _ => "CONNECTION_FAILED",
    }
}
