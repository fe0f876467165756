//! The forms in which an endpoint gets events (K-62).

use kit::Published;
use kit::cloud_events::{CloudEvent, ONE};
use serde::{Deserialize, Serialize};

/// What the contract has for `format`.
#[derive(Clone, Copy, Default)]
pub(super) enum Format {
    /// As the feed has it.
    #[default]
    Event,
    /// The structured mode of CloudEvents 1.0.
    CloudEvent,
    /// A record for a REST proxy of Kafka: `POST /topics/{topic}` of the API v2, which the
    /// proxies of Confluent, Redpanda and Karapace have.
    KafkaRest,
}

/// What a proxy takes.
#[derive(Serialize)]
struct Records<'a> {
    records: [Record<'a>; 1],
}

#[derive(Serialize)]
struct Record<'a> {
    /// Records of one key keep their order.
    key: &'a str,
    value: &'a Published,
}

/// What a proxy answers: a member for each record.
#[derive(Deserialize)]
struct Produced {
    offsets: Vec<Offset>,
}

#[derive(Deserialize)]
struct Offset {
    error_code: Option<i64>,
}

impl Format {
    /// Of its name in the contract, which has no others.
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

    /// The body of a request; `contract` is where the schemas are.
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

    /// Whether an answer says, with a status that is good, that the event was not taken.
    pub(super) fn is_rejection(self, answer: &[u8]) -> bool {
        let Self::KafkaRest = self else { return false };
        serde_json::from_slice(answer).is_ok_and(|produced: Produced| {
            produced.offsets.iter().any(|offset| offset.error_code.is_some())
        })
    }
}
