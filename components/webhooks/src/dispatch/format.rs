//! The formats in which an endpoint receives events (K-62).

use kit::Published;
use kit::cloud_events::{CloudEvent, ONE};
use serde::{Deserialize, Serialize};

/// The `format` of an endpoint, as the contract names it.
#[derive(Clone, Copy, Default)]
pub(super) enum Format {
    /// The event as the feed shows it.
    #[default]
    Event,
    /// CloudEvents 1.0 in structured mode.
    CloudEvent,
    /// A record for a Kafka REST proxy: `POST /topics/{topic}` of the API v2, as the proxies of
    /// Confluent, Redpanda and Karapace have it.
    KafkaRest,
}

/// The request body for a proxy.
#[derive(Serialize)]
struct Records<'a> {
    records: [Record<'a>; 1],
}

#[derive(Serialize)]
struct Record<'a> {
    /// Kafka keeps the order of records with the same key.
    key: &'a str,
    value: &'a Published,
}

/// The answer of a proxy, with one member for each record.
#[derive(Deserialize)]
struct Produced {
    offsets: Vec<Offset>,
}

#[derive(Deserialize)]
struct Offset {
    error_code: Option<i64>,
}

impl Format {
    /// The format with this name in the contract. The contract has no other names.
    pub(super) fn new(name: &str) -> Self {
        match name {
            "CLOUD_EVENT" => Self::CloudEvent,
            "KAFKA_REST" => Self::KafkaRest,
            _ => Self::Event,
        }
    }

    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Event => "application/json",
            Self::CloudEvent => ONE,
            Self::KafkaRest => "application/vnd.kafka.json.v2+json",
        }
    }

    /// The body of a delivery. `contract` is the base URL of the schemas.
    pub(super) fn body(self, event: &Published, contract: &str) -> Vec<u8> {
        let body = match self {
            Self::Event => serde_json::to_vec(event),
            Self::CloudEvent => serde_json::to_vec(&CloudEvent::new(event, contract)),
            Self::KafkaRest => {
                let record = Record { key: &event.subject, value: event };
                serde_json::to_vec(&Records { records: [record] })
            }
        };
        body.unwrap_or_default()
    }

    /// Whether an answer with a 2xx status says in its body that the event was not taken.
    pub(super) fn is_rejection(self, answer: &[u8]) -> bool {
        let Self::KafkaRest = self else { return false };
        serde_json::from_slice(answer).is_ok_and(|produced: Produced| {
            produced.offsets.iter().any(|offset| offset.error_code.is_some())
        })
    }
}
