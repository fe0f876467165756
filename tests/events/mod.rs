pub(crate) mod cloud_events;
mod feed;
mod filters;
mod get_event;
mod list_event_attempts;
mod list_events;
mod registry;
mod retention;
mod stream_bounds;
mod stream_events;
mod stream_revoked;
mod work_events;

use serde_json::json;

const PATH: &str = "/api/v1/events";

/// The data of a project event, for rows that tests write themselves.
pub(crate) fn project(tenant: &str, id: &str) -> String {
    let time = "2026-03-01T09:30:00.000Z";
    json!({
        "id": id, "tenant_id": tenant, "owner_id": "usr_x", "name": "a", "title": "a",
        "description": null, "status": "ACTIVE", "labels": {}, "tags": [], "version": 1,
        "created_at": time, "updated_at": time,
    })
    .to_string()
}
