//! "Content Negotiation"

use http::Method;
use serde_json::json;

use super::{PROJECTS, TYPE, get, project, projects, send};

transport! {
    /// "Universal Responsibilities": every payload has the media type, without parameters.
    async fn universal_responsibilities(app) {
        let owner = app.owner().await;
        for answer in [
            get(&owner, PROJECTS).await.expect(200),
            send(&owner, Method::POST, PROJECTS, &project(json!({}))).await.expect(201),
            get(&owner, &format!("{PROJECTS}/prj_none")).await.expect(404),
            send(&owner, Method::POST, PROJECTS, &json!({})).await.expect(422),
        ] {
            assert_eq!(answer.header("content-type"), Some(TYPE), "{}", answer.text);
            assert!(answer.header("vary").unwrap().contains("Accept"));
        }
    }

    /// "Server Responsibilities": if the media type of a body has another parameter than `ext` and
    /// `profile`, or an extension, the answer is a 415. A profile is ignored.
    async fn content_type(app) {
        let owner = app.owner().await;
        let body = project(json!({})).to_string();
        for (parameter, status) in [
            ("charset=utf-8", 415),
            ("q=1", 415),
            ("version=1.1", 415),
            ("ext=\"https://jsonapi.org/ext/atomic\"", 415),
            ("profile=\"https://example.com/p\"; charset=utf-8", 415),
            ("profile=\"https://example.com/p https://example.com/q\"", 201),
        ] {
            let media_type = format!("{TYPE}; {parameter}");
            let headers = [("content-type", media_type.as_str())];
            owner.send(Method::POST, PROJECTS, &headers, Some(body.clone())).await.expect(status);
        }
        assert_eq!(projects(&owner).await, 1);
    }

    /// "Server Responsibilities": instances of the media type with another parameter are ignored.
    /// If all instances have one, the answer is a 406.
    async fn accept(app) {
        let owner = app.owner().await;
        for (accept, status) in [
            (format!("{TYPE}; charset=utf-8"), 406),
            (format!("{TYPE}; charset=utf-8, {TYPE}; version=1"), 406),
            (format!("{TYPE}; charset=utf-8, application/json"), 406),
            (format!("{TYPE}; ext=\"https://jsonapi.org/ext/atomic\""), 406),
            (format!("{TYPE}; charset=utf-8, {TYPE}"), 200),
            (format!("{TYPE}; ext=\"https://jsonapi.org/ext/atomic\", {TYPE}; q=0.1"), 200),
            (format!("{TYPE}; profile=\"https://example.com/p\""), 200),
            (format!("{TYPE}; q=0.5"), 200),
        ] {
            let answer = owner.send(Method::GET, PROJECTS, &[("accept", &accept)], None).await;
            assert_eq!(answer.status, status, "{accept}");
            if status == 200 {
                assert_eq!(answer.header("content-type"), Some(TYPE), "{accept}");
            }
        }
    }
}
