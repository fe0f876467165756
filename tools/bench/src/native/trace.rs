//! Request, correlation and trace ids.

use http::{HeaderMap, HeaderValue};

/// The ids of a request.
pub(super) struct Trace {
    pub(super) request_id: String,
    pub(super) correlation_id: String,
    pub(super) trace_id: String,
    pub(super) span_id: String,
    sampled: bool,
}

impl Trace {
    /// Takes the ids that the caller sent and makes the others.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut random = [0; 16];
        // Without randomness the ids of requests repeat, which is no reason to refuse the requests.
        let _ = getrandom::fill(&mut random);
        let fresh = hex::encode(random);
        let request_id = token(headers, "x-request-id")
            .unwrap_or_else(|| uuid::Builder::from_random_bytes(random).into_uuid().to_string());
        let correlation_id =
            token(headers, "x-correlation-id").unwrap_or_else(|| request_id.clone());
        let span_id = fresh[8..24].to_owned();
        let (trace_id, sampled) = incoming(headers).unwrap_or((fresh, true));
        Self { request_id, correlation_id, trace_id, span_id, sampled }
    }

    /// Adds the ids to the headers of the answer.
    pub(super) fn headers(&self, headers: &mut HeaderMap) {
        let ids = [
            ("x-request-id", self.request_id.as_str()),
            ("x-correlation-id", &self.correlation_id),
            ("x-b3-traceid", &self.trace_id),
            ("x-b3-spanid", &self.span_id),
            ("x-b3-sampled", if self.sampled { "1" } else { "0" }),
        ];
        for (name, id) in ids {
            if let Ok(id) = HeaderValue::from_str(id) {
                headers.insert(name, id);
            }
        }
    }
}

fn token(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    let fits = (1..=128).contains(&value.len())
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    fits.then(|| value.to_owned())
}

fn incoming(headers: &HeaderMap) -> Option<(String, bool)> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    if let Some(parent) = text("traceparent") {
        let mut fields = parent.split('-').skip(1);
        let (trace, _span, flags) = (fields.next()?, fields.next()?, fields.next()?);
        let flags = u8::from_str_radix(flags, 16).ok()?;
        return Some((trace_id(trace)?, flags & 1 == 1));
    }
    if let Some(single) = text("b3") {
        let mut fields = single.split('-');
        return Some((trace_id(fields.next()?)?, fields.nth(1) != Some("0")));
    }
    Some((trace_id(text("x-b3-traceid")?)?, text("x-b3-sampled") != Some("0")))
}

fn trace_id(text: &str) -> Option<String> {
    let fits = matches!(text.len(), 16 | 32)
        && text.bytes().all(|b| b.is_ascii_hexdigit())
        && text.bytes().any(|b| b != b'0');
    fits.then(|| format!("{:0>32}", text.to_ascii_lowercase()))
}
