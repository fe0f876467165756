//! A component gets nothing that the manifest does not grant it.

use super::{fixture, probe};
use crate::support::Placement;
use host::Limits;

transport! {
    what_is_granted_works(placement) databases_and_stores(placement) everything_else(placement)
}

const GRANTED: &str = r#"key_value_stores = ["default"]
sqlite_databases = ["default"]
allowed_outbound_hosts = ["http://127.0.0.1:9"]"#;

/// Granted accesses work, so the refusals below are because of the missing grant alone.
async fn what_is_granted_works(placement: Placement) {
    let (app, server, _directory) = fixture(placement, GRANTED, Limits::default()).await;
    for what in ["sqlite", "key-value"] {
        assert_eq!(probe(&app, what).await, (200, "Ok(())".to_owned()), "{what}");
    }
    assert_eq!(probe(&app, "variable-own").await.1, "Ok(\"mine\")");
    // Nobody listens, but it may ask.
    assert_eq!(probe(&app, "http").await, (200, "ErrorCode::ConnectionRefused".to_owned()));
    server.shutdown().await.unwrap();
}

/// Databases and stores that are not listed are refused.
async fn databases_and_stores(placement: Placement) {
    let (app, server, _directory) = fixture(placement, GRANTED, Limits::default()).await;
    for what in ["sqlite-other", "key-value-other"] {
        let (status, text) = probe(&app, what).await;
        assert!(status == 200 && text.starts_with("Err("), "{what}: {text}");
    }
    server.shutdown().await.unwrap();
    let (app, server, _directory) =
        fixture(placement, r#"key_value_stores = ["default"]"#, Limits::default()).await;
    assert_eq!(probe(&app, "sqlite").await.1, "Err(Error::AccessDenied)");
    server.shutdown().await.unwrap();
    let (app, server, _directory) = fixture(placement, "", Limits::default()).await;
    assert_eq!(probe(&app, "key-value").await.1, "Err(Error::AccessDenied)");
    server.shutdown().await.unwrap();
}

/// Variables of others, hosts, files and the environment of the host are refused.
async fn everything_else(placement: Placement) {
    let grants = r#"key_value_stores = ["default"]"#;
    let (app, server, _directory) = fixture(placement, grants, Limits::default()).await;
    let (_, variable) = probe(&app, "variable-other").await;
    assert!(variable.contains("Undefined") && !variable.contains("of another"), "{variable}");
    let (_, http) = probe(&app, "http").await;
    assert!(http.contains("Denied"), "{http}");
    let (_, file) = probe(&app, "file").await;
    assert!(file.starts_with("Err("), "{file}");
    assert_eq!(probe(&app, "environment").await.1, "0");
    server.shutdown().await.unwrap();
}
