//! The formats in which endpoints get events. A receiver plays the REST proxy of Kafka, as the
//! reference of its API v2 describes it (docs.confluent.io, `POST /topics/{topic_name}`).

use serde_json::{Value, json};

use crate::events::cloud_events;
use crate::support::receiver::{Answer, Receiver};
use crate::webhooks::{arrived, attempts, endpoint_with, events, project};

fn format(format: &str) -> Value {
    json!({ "event_types": ["project.created"], "format": format })
}

/// The answer of a proxy to one record.
fn produced(offset: Value) -> Answer {
    let body = json!({ "key_schema_id": null, "value_schema_id": null, "offsets": [offset] });
    Answer { body: body.to_string(), ..Answer::status(200) }
}

logic! {
    /// A delivery is a CloudEvent in structured mode, with the event that the feed has.
    async fn cloud_event(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        endpoint_with(&owner, &receiver, "/cloud", format("CLOUD_EVENT")).await;
        project(&owner, "a").await;
        let sent = arrived(&app, &receiver, "/cloud", 1).await.remove(0);
        assert_eq!(sent.header("content-type"), "application/cloudevents+json");
        let native = events(&owner, "project.created").await.remove(0);
        cloud_events::check(&sent.json(), &native);
        assert_eq!(sent.header("webhook-id"), native["id"]);
    }

    /// A delivery is a record for a topic, with the subject as its key.
    async fn kafka_record(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        let topic = "/topics/projects";
        receiver.script(topic, |_, _| produced(json!({ "partition": 0, "offset": 7, "error_code": null, "error": null })));
        let made = endpoint_with(&owner, &receiver, topic, format("KAFKA_REST")).await;
        project(&owner, "a").await;
        let sent = arrived(&app, &receiver, topic, 1).await.remove(0);
        assert_eq!(sent.header("content-type"), "application/vnd.kafka.json.v2+json");
        let native = events(&owner, "project.created").await.remove(0);
        assert_eq!(sent.json(), json!({ "records": [{ "key": native["subject"], "value": native }] }));
        assert_eq!(attempts(&app, &owner, made.id(), 1).await[0]["status"], "SUCCEEDED");
    }

    /// A proxy answers 200 even for records that Kafka did not take. These records are sent again.
    async fn kafka_says_no(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        let topic = "/topics/busy";
        receiver.script(topic, |_, before| match before {
            0 => produced(json!({ "partition": null, "offset": null, "error_code": 2, "error": "leader not available" })),
            _ => produced(json!({ "partition": 0, "offset": 7, "error_code": null, "error": null })),
        });
        let made = endpoint_with(&owner, &receiver, topic, format("KAFKA_REST")).await;
        project(&owner, "a").await;
        arrived(&app, &receiver, topic, 2).await;
        let tried = attempts(&app, &owner, made.id(), 2).await;
        assert_eq!([&tried[0]["status"], &tried[0]["error"], &tried[0]["response_status"]], [&json!("FAILED"), &json!("REJECTED"), &json!(200)]);
        assert_eq!(tried[1]["status"], "SUCCEEDED");
    }
}
