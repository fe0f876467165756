//! Conditional requests (RFC 9110 section 13) on projects.

use http::Method;
use serde_json::json;

use super::{PATH, create, events};
use crate::support::{Client, Exchange};

const FORMS: [&str; 4] = [
    "application/json",
    "application/json;profile=\"envelope\"",
    "application/json;profile=\"camel\"",
    "application/vnd.api+json",
];

async fn asked(client: &Client, path: &str, headers: &[(&str, &str)]) -> Exchange {
    client.send(Method::GET, path, headers, None).await
}

everywhere! {
    /// If a client has the current version, it gets 304 without the body.
    async fn not_modified(app) {
        let owner = app.owner().await;
        let made = create(&owner, "a").await;
        let path = format!("{PATH}/{}", made.id());
        let read = owner.get(&path).await.expect(200);
        // A client never sees a state from before its own write.
        assert_eq!(read.header("cache-control"), Some("private, no-cache"));
        assert!(read.header("vary").unwrap().contains("Accept"));
        for tag in ["\"v1-native\"", "W/\"v1-native\"", "*", "\"v9\", \"v1-native\""] {
            let same = asked(&owner, &path, &[("if-none-match", tag)]).await.expect(304);
            assert_eq!((same.text.as_str(), same.header("etag")), ("", Some("\"v1-native\"")), "{tag}");
            for name in ["cache-control", "last-modified", "vary"] {
                assert_eq!(same.header(name), read.header(name), "{name}");
            }
        }
        for tag in ["\"v2-native\"", "\"v1\"", "\"v1-camel\"", "v1-native"] {
            asked(&owner, &path, &[("if-none-match", tag)]).await.expect(200);
        }
        owner.patch(&path, &json!({ "name": "b" })).await.expect(200);
        asked(&owner, &path, &[("if-none-match", "\"v1-native\"")]).await.expect(200);
    }

    /// A strong tag tells representations apart (RFC 9110 section 8.8.3): no two answers with
    /// different bodies share one, and each tag matches only its own representation.
    async fn each_representation_has_its_tag(app) {
        let owner = app.owner().await;
        let path = format!("{PATH}/{}", create(&owner, "a").await.id());
        let mut tags = Vec::new();
        for query in ["", "?fields=name", "?fields=name,status", "?expand=owner", "?include=owner&fields[users]=name"] {
            for accept in FORMS {
                let answer = asked(&owner, &format!("{path}{query}"), &[("accept", accept)]).await.expect(200);
                tags.push((query, accept, answer.header("etag").unwrap().to_owned()));
            }
        }
        for (at, (query, accept, tag)) in tags.iter().enumerate() {
            assert!(tags[..at].iter().all(|(.., other)| other != tag), "{query} {accept}: {tag} twice");
            let target = format!("{path}{query}");
            let others: Vec<_> = tags.iter().map(|(.., other)| other.as_str()).filter(|other| other != tag).collect();
            asked(&owner, &target, &[("accept", accept), ("if-none-match", tag)]).await.expect(304);
            asked(&owner, &target, &[("accept", accept), ("if-none-match", &others.join(", "))]).await.expect(200);
        }
        // JSON:API has the tag of the version alone (D-36).
        assert_eq!(tags[3].2, "\"v1\"");
        // The tag of each form names the version, so a write accepts any of them.
        for (at, (.., tag)) in tags.iter().enumerate() {
            let (version, tag) = (at + 1, tag.replace("v1", &format!("v{}", at + 1)));
            let body = json!({ "name": format!("n{version}") });
            owner.json(Method::PATCH, &path, &body, &[("if-match", &tag)]).await.expect(200);
            let stale = [("if-match", tag.as_str())];
            owner.json(Method::PATCH, &path, &body, &stale).await.refused(412, "precondition_failed");
        }
        let current = format!("v{}", tags.len() + 1);
        for tag in ["\"VERSION-elsewhere\"", "\"0VERSION\"", "VERSION", "\"VERSION", "\"+VERSION\"", "\"VERSION-\""] {
            let tag = tag.replace("VERSION", &current).replace("0v", "v0").replace("+v", "v+");
            owner.json(Method::PATCH, &path, &json!({ "name": "no" }), &[("if-match", &tag)]).await.refused(412, "precondition_failed");
        }
    }

    /// A client without a tag can send a date, with a precision of a second. If it sends a tag too,
    /// the date is ignored.
    async fn modified_since(app) {
        let owner = app.owner().await;
        let path = format!("{PATH}/{}", create(&owner, "a").await.id());
        let date = owner.get(&path).await.expect(200).header("last-modified").unwrap().to_owned();
        let date = date.as_str();
        let (long_ago, never) = ("Thu, 01 Jan 1970 00:00:00 GMT", "yesterday");
        for (headers, status) in [
            (&[("if-modified-since", date)][..], 304),
            (&[("if-modified-since", long_ago)], 200),
            (&[("if-modified-since", never)], 200),
            (&[("if-modified-since", date), ("if-none-match", "\"v9\"")], 200),
            (&[("if-modified-since", long_ago), ("if-none-match", "\"v1-native\"")], 304),
            (&[("if-unmodified-since", date)], 200),
            (&[("if-unmodified-since", never)], 200),
            (&[("if-unmodified-since", long_ago)], 412),
            (&[("if-unmodified-since", long_ago), ("if-match", "\"v1\"")], 200),
            (&[("if-match", "\"v1-native\"")], 200),
            (&[("if-match", "\"v2\"")], 412),
        ] {
            asked(&owner, &path, headers).await.expect(status);
        }
    }

    /// HEAD has the headers of GET, its length included, and no body.
    async fn head(app) {
        let owner = app.owner().await;
        let path = format!("{PATH}/{}", create(&owner, "a").await.id());
        for path in [path.clone(), format!("{path}?fields=name"), PATH.to_owned(), format!("{PATH}/prj_none")] {
            for accept in FORMS {
                let headers = [("accept", accept), ("x-request-id", "r")];
                let get = asked(&owner, &path, &headers).await;
                let head = owner.send(Method::HEAD, &path, &headers, None).await.expect(get.status);
                assert_eq!(head.text, "");
                for name in ["etag", "last-modified", "cache-control", "content-type", "content-length", "link", "vary"] {
                    assert_eq!(head.header(name), get.header(name), "{path} {accept}: {name}");
                }
            }
        }
        let known = [("if-none-match", "*")];
        owner.send(Method::HEAD, &path, &known, None).await.expect(304);
    }

    /// If the preconditions of a write do not hold, nothing happens (RFC 9110 sections 13.1.1,
    /// 13.1.2 and 13.1.4).
    async fn preconditions_of_writes(app) {
        let owner = app.owner().await;
        let path = format!("{PATH}/{}", create(&owner, "a").await.id());
        let now = owner.get(&path).await.expect(200);
        let long_ago = "Thu, 01 Jan 1970 00:00:00 GMT";
        let body = json!({ "name": "b" }).to_string();
        let archive = format!("{path}/archive");
        for condition in [
            ("if-none-match", "*"),
            ("if-none-match", "\"v1\""),
            ("if-none-match", "\"v7\", W/\"v1-native\""),
            ("if-unmodified-since", long_ago),
            ("if-match", "\"v7\""),
        ] {
            for (method, path, body) in [
                (Method::PATCH, &path, Some(body.clone())),
                (Method::PUT, &path, Some(body.clone())),
                (Method::DELETE, &path, None),
                (Method::POST, &archive, None),
            ] {
                let mut headers = vec![condition, ("content-type", "application/json")];
                if method == Method::PUT && condition.0 != "if-match" {
                    headers.push(("if-match", "*"));
                    if condition.0 == "if-unmodified-since" {
                        continue; // Not looked at beside If-Match.
                    }
                }
                owner.send(method, path, &headers, body).await.refused(412, "precondition_failed");
            }
        }
        assert_eq!(owner.get(&path).await.body, now.body);
        for kind in ["project.updated", "project.archived", "project.deleted"] {
            assert_eq!(events(&owner, kind).await, 0, "{kind}");
        }
        let date = now.header("last-modified").unwrap();
        for (at, condition) in [
            ("if-none-match", "\"v9\""),
            ("if-unmodified-since", "yesterday"),
            ("if-unmodified-since", "Fri, 31 Dec 2099 23:59:59 GMT"),
        ].into_iter().enumerate() {
            let body = json!({ "name": format!("c{at}") });
            owner.json(Method::PATCH, &path, &body, &[condition]).await.expect(200);
        }
        let both = [("if-unmodified-since", long_ago), ("if-match", "\"v4\"")];
        owner.json(Method::PATCH, &path, &json!({ "name": "d" }), &both).await.expect(200);
        assert!(date.ends_with(" GMT") && date.len() == 29, "{date}");
    }

    /// A write with an old version is refused, and nothing changes.
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

    /// `version` in the body names the version too. Another version is a 409 (K-52).
    async fn version_in_the_body(app) {
        let owner = app.owner().await;
        let made = create(&owner, "a").await;
        let path = format!("{PATH}/{}", made.id());
        owner.patch(&path, &json!({ "name": "b", "version": 7 })).await.refused(409, "conflict");
        assert_eq!(owner.get(&path).await.body, made.body);
        owner.patch(&path, &json!({ "name": "b", "version": 1 })).await.expect(200);
    }

    /// A patch that changes nothing makes no version and no event.
    async fn nothing_changes_nothing(app) {
        let owner = app.owner().await;
        let made = create(&owner, "a").await;
        let path = format!("{PATH}/{}", made.id());
        assert_eq!(owner.patch(&path, &json!({ "name": "a" })).await.expect(200).body, made.body);
        assert_eq!(events(&owner, "project.updated").await, 0);
    }

    /// Of concurrent patches of the same version exactly one succeeds.
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
