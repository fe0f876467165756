//! Wrong settings. Every setting of a function is checked before it answers anything, and a wrong
//! text never becomes the default.

use crate::support::Placement;
use crate::support::server::{UNLIMITED, options, refuses_settings};

transport! { wrong_settings_serve_nobody(placement) }

/// A variable, a wrong text, and a path of a function that reads it.
const WRONG: [(&str, &str, &str); 15] = [
    ("oauth_providers", "{", "/api/v1/integrations"),
    ("oauth_providers", PLAIN, "/api/v1/integrations"),
    ("retention_audit_days", "0", "/internal/tick"),
    ("retention_events_days", "90;pro", "/internal/work/events"),
    ("webhook_schedule", "0s,soon", "/internal/work/webhooks"),
    ("webhook_lease", "60", "/internal/work/webhooks"),
    ("api_lifecycle", "[]", "/api/v1/notices"),
    ("access_token_seconds", "60", "/api/v1/auth/login"),
    ("refresh_family_days", "90d", "/api/v1/auth/login"),
    ("signing_key_days", "0", "/api/v1/auth/login"),
    ("token_issuer", " ", "/api/v1/auth/login"),
    ("stream_seconds", "-1", "/api/v1/events"),
    ("public_url", "", "/api/v1/projects"),
    ("body_limit_bytes", "1 MB", "/api/v1/projects"),
    ("limit_read_per_minute", "many", "/api/v1/projects"),
];

/// A provider whose tokens would go over plain HTTP.
const PLAIN: &str = r#"{"github":{"authorization_endpoint":"https://example.com/a","token_endpoint":"http://example.com/t","client_id":"x","redirect_uris":["https://example.com/"]}}"#;

async fn wrong_settings_serve_nobody(placement: Placement) {
    let directory = tempfile::tempdir().unwrap();
    for (variable, wrong, path) in WRONG {
        let variables = [&UNLIMITED[..], &[(variable, wrong)]].concat();
        let options = options(placement, directory.path(), &variables);
        refuses_settings(options, variable, path).await;
    }
}
