//! Events in the structured mode of CloudEvents 1.0.2 (JSON event format 1.0.2).

use serde::Serialize;
use serde_json::value::RawValue;

use crate::Published;

/// One event (JSON event format, section 3).
pub const ONE: &str = "application/cloudevents+json";
/// A list of events (section 4).
pub const BATCH: &str = "application/cloudevents-batch+json";

/// An event with the attributes of the specification and our extension attributes. The names of
/// extensions have lower-case letters and digits only.
#[derive(Serialize)]
pub struct CloudEvent<'a> {
    specversion: &'static str,
    id: &'a str,
    source: String,
    #[serde(rename = "type")]
    kind: &'a str,
    subject: &'a str,
    time: &'a str,
    datacontenttype: &'static str,
    dataschema: String,
    tenantid: &'a str,
    traceid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    logcode: Option<&'static str>,
    data: &'a RawValue,
}

impl<'a> CloudEvent<'a> {
    /// The CloudEvent of an event of the feed. `base` is the URL of the contract, see [`base`].
    pub fn new(event: &'a Published, base: &str) -> Self {
        let Published { kind, schema_version, source_agent, tenant_id, .. } = event;
        Self {
            specversion: "1.0",
            id: &event.id,
            // The source has no host and no version, because both may change. So it names the same
            // source for ever.
            source: format!("/tenants/{tenant_id}/{source_agent}"),
            kind,
            subject: &event.subject,
            time: &event.created_at,
            datacontenttype: "application/json",
            dataschema: format!("{base}#/components/schemas/{kind}.v{schema_version}"),
            tenantid: tenant_id,
            traceid: &event.trace_id,
            logcode: event.log_code,
            data: &event.data,
        }
    }
}

/// The URL of the contract, which holds the schemas of the data.
pub fn base() -> String {
    format!("{}/api/v1/openapi.json", crate::public_url())
}
