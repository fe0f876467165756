//! Conditional requests (RFC 9110 section 13) on projects.

use http::Method;
use serde_json::json;

use super::{PATH, create, events};
use crate::placements;

placements! {
    /// Who has the current version is told so, without the body.
    async fn not_modified(app) {
        let owner = app.owner().await;
        let made = create(&owner, "a").await;
        let path = format!("{PATH}/{}", made.id());
        let read = owner.get(&path).await.expect(200);
        assert_eq!(read.header("cache-control"), Some("private, max-age=300"));
        assert!(read.header("vary").unwrap().contains("Accept"));
        let date = read.header("last-modified").unwrap();
        assert!(date.ends_with(" GMT") && date.len() == 29, "{date}");
        for tag in ["\"v1\"", "W/\"v1\"", "*", "\"v9\", \"v1\""] {
            let same = owner.send(Method::GET, &path, &[("if-none-match", tag)], None).await.expect(304);
            assert_eq!((same.text.as_str(), same.header("etag")), ("", Some("\"v1\"")), "{tag}");
        }
        owner.send(Method::GET, &path, &[("if-none-match", "\"v2\"")], None).await.expect(200);
        owner.patch(&path, &json!({ "name": "b" })).await.expect(200);
        owner.send(Method::GET, &path, &[("if-none-match", "\"v1\"")], None).await.expect(200);
    }

    /// HEAD has the headers of GET, its length included, and no body.
    async fn head(app) {
        let owner = app.owner().await;
        let path = format!("{PATH}/{}", create(&owner, "a").await.id());
        let (get, head) = (owner.get(&path).await, owner.send(Method::HEAD, &path, &[], None).await.expect(200));
        assert_eq!(head.text, "");
        for name in ["etag", "last-modified", "cache-control", "content-type", "vary"] {
            assert_eq!(head.header(name), get.header(name), "{name}");
        }
    }

    /// A write to a version that is gone is refused, and nothing changes.
    async fn precondition_failed(app) {
        let owner = app.owner().await;
        let path = format!("{PATH}/{}", create(&owner, "a").await.id());
        let now = owner.patch(&path, &json!({ "name": "b" })).await.expect(200);
        let stale = [("if-match", "\"v1\"")];
        let body = json!({ "name": "c" });
        owner.json(Method::PATCH, &path, &body, &stale).await.refused(412, "precondition_failed");
        owner.json(Method::PUT, &path, &body, &stale).await.refused(412, "precondition_failed");
        owner.send(Method::DELETE, &path, &stale, None).await.refused(412, "precondition_failed");
        // A weak tag never matches a precondition of a write.
        let weak = [("if-match", "W/\"v2\"")];
        owner.json(Method::PATCH, &path, &body, &weak).await.refused(412, "precondition_failed");
        assert_eq!(owner.get(&path).await.body, now.body);
        assert_eq!(events(&owner, "project.updated").await, 1);
        owner.json(Method::PATCH, &path, &body, &[("if-match", "\"v2\"")]).await.expect(200);
    }

    /// A replacement must say which version it replaces.
    async fn precondition_required(app) {
        let owner = app.owner().await;
        let made = create(&owner, "a").await;
        let path = format!("{PATH}/{}", made.id());
        owner.json(Method::PUT, &path, &json!({ "name": "b" }), &[]).await.refused(428, "precondition_required");
        assert_eq!(owner.get(&path).await.body, made.body);
    }

    /// `version` in the body is another way to say it: 409 when it is another (K-52).
    async fn version_in_the_body(app) {
        let owner = app.owner().await;
        let made = create(&owner, "a").await;
        let path = format!("{PATH}/{}", made.id());
        owner.patch(&path, &json!({ "name": "b", "version": 7 })).await.refused(409, "conflict");
        assert_eq!(owner.get(&path).await.body, made.body);
        owner.patch(&path, &json!({ "name": "b", "version": 1 })).await.expect(200);
    }

    /// A patch that changes nothing makes no version and tells nobody.
    async fn nothing_changes_nothing(app) {
        let owner = app.owner().await;
        let made = create(&owner, "a").await;
        let path = format!("{PATH}/{}", made.id());
        assert_eq!(owner.patch(&path, &json!({ "name": "a" })).await.expect(200).body, made.body);
        assert_eq!(events(&owner, "project.updated").await, 0);
    }

    /// Of patches at the same time on the same version exactly one wins.
    async fn one_of_many_wins(app) {
        let owner = app.owner().await;
        let path = format!("{PATH}/{}", create(&owner, "a").await.id());
        let patches = (0..16).map(|number| {
            let (owner, path) = (owner.clone(), path.clone());
            tokio::spawn(async move {
                let body = json!({ "name": format!("n{number}") });
                let answer = owner.json(Method::PATCH, &path, &body, &[("if-match", "\"v1\"")]).await;
                assert!(matches!(answer.status, 200 | 412), "{}", answer.text);
                (answer.status, answer.body["name"].clone())
            })
        });
        let patches: Vec<_> = patches.collect();
        let mut won = Vec::new();
        for patch in patches {
            let (status, name) = patch.await.unwrap();
            if status == 200 {
                won.push(name);
            }
        }
        let now = owner.get(&path).await.body;
        assert_eq!((won.len(), &now["version"]), (1, &json!(2)));
        assert_eq!(now["name"], won[0]);
        assert_eq!(events(&owner, "project.updated").await, 1);
    }
}
