//! Filters and text: members of lists and maps, names that are data, Unicode, and forbidden names.

use http::Method;
use serde_json::{Value, json};

use super::{PATH, events};
use crate::support::Client;

/// The names on the pages of a query, in the order of creation.
async fn found(client: &Client, query: &str) -> Vec<String> {
    let page = client.get(&format!("{PATH}?{query}")).await.expect(200);
    let page = page.body;
    let items = page["items"].as_array().or(page["data"].as_array()).unwrap();
    items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

/// Creates these projects, in this order.
async fn make(client: &Client, bodies: &[Value]) {
    for body in bodies {
        client.post(PATH, body).await.expect(201);
    }
}

async fn check(client: &Client, cases: &[(&str, &[&str])]) {
    for (query, names) in cases {
        assert_eq!(found(client, query).await, *names, "{query}");
    }
}

storage! {
    /// A member is compared as a value, however JSON escapes its quotes and commas.
    async fn members_are_compared_as_values(app) {
        let owner = app.owner().await;
        make(&owner, &[
            json!({ "name": "A", "tags": ["2\"x4", "wood"] }),
            json!({ "name": "B", "tags": ["x4"] }),
            json!({ "name": "C", "tags": ["a,", "b"] }),
            json!({ "name": "D", "labels": { "a\"env": "prod" } }),
            json!({ "name": "E", "labels": { "env": "pr\"od", "x": "env\":\"prod" } }),
            json!({ "name": "F", "labels": { "env": "prod" }, "tags": ["back\\", "X4"] }),
        ]).await;
        check(&owner, &[
            ("tags=x4", &["B"]),
            ("tags=2\"x4", &["A"]),
            ("tags=%2C", &[]),
            ("tags=a%2C", &["C"]),
            ("tags=back\\", &["F"]),
            ("tags:ne=x4", &["A", "C", "D", "E", "F"]),
            ("tags:in=x4,wood", &["A", "B"]),
            ("tags:nin=x4,wood", &["C", "D", "E", "F"]),
            ("tags:contains=b", &["C"]),
            ("labels[env]=prod", &["F"]),
            ("labels[env]=pr\"od", &["E"]),
            ("labels[a\"env]=prod", &["D"]),
            ("labels[env]:ne=prod", &["A", "B", "C", "D", "E"]),
            ("labels[env]:in=prod,pr\"od", &["E", "F"]),
            ("labels[env]:null=true", &["A", "B", "C", "D"]),
            ("labels[env]:null=false", &["E", "F"]),
        ]).await;
    }

    /// Names inside of maps are data. They work in the queries of every profile, and in every
    /// spelling.
    async fn names_of_labels_are_data(app) {
        let owner = app.owner().await;
        let keys = ["costCenter", "cost_center", "aws:createdBy", "a.b/c", "x[0]", "eq", "é"];
        for key in keys {
            make(&owner, &[json!({ "name": key, "labels": { key: "7" } })]).await;
        }
        for key in keys {
            for name in [
                format!("labels[{key}]"),
                format!("labels[{key}]:eq"),
                format!("filter[labels[{key}]]"),
                format!("filter[labels[{key}]][eq]"),
                format!("filter[labels][{key}]"),
            ] {
                let name = name.replace('[', "%5B").replace(']', "%5D").replace(':', "%3A");
                for accept in ["application/json", "application/json;profile=camel", "application/json;profile=envelope"] {
                    for prefix in ["/api/v1", "/v1"] {
                        let path = format!("{prefix}/projects?{name}=7");
                        let page = owner.send(Method::GET, &path, &[("accept", accept)], None).await.expect(200);
                        let items = page.body["items"].as_array().or(page.body["data"].as_array()).unwrap();
                        assert_eq!(items.len(), 1, "{path} {accept}");
                        assert_eq!(items[0]["name"], key, "{path} {accept}");
                    }
                }
            }
        }
    }

    /// Values of `in` and `nin` that have commas can be quoted.
    async fn values_may_be_quoted(app) {
        let owner = app.owner().await;
        make(&owner, &[json!({ "name": "a,b" }), json!({ "name": "c" }), json!({ "name": "say \"hi\"" })]).await;
        check(&owner, &[
            ("name:in=\"a,b\",c", &["a,b", "c"]),
            ("name:in=a,b", &[]),
            ("name:nin=\"a,b\"", &["c", "say \"hi\""]),
            ("filter[name][in]=\"say \"\"hi\"\"\"", &["say \"hi\""]),
        ]).await;
        let refused = owner.get(&format!("{PATH}?name:in=\"a,b")).await.refused(422, "validation_failed");
        assert_eq!(refused.violations(), ["name:in INVALID_FORMAT"]);
    }

    /// Times are compared as points in time, and are RFC 3339 times or dates.
    async fn times_are_compared_as_they_are(app) {
        let owner = app.owner().await;
        let made = owner.post(PATH, &json!({ "name": "ms" })).await.expect(201);
        let at = made.body["created_at"].as_str().unwrap().trim_end_matches('Z').to_owned();
        for (op, count) in [("lt", 1), ("lte", 1), ("gt", 0), ("gte", 0), ("eq", 0), ("ne", 1), ("in", 0), ("nin", 1)] {
            let query = format!("created_at:{op}={at}9Z");
            assert_eq!(found(&owner, &query).await.len(), count, "{query}");
        }
        for time in [format!("{at}Z"), format!("{at}000z"), format!("{at}-00:00").replace('T', "t")] {
            assert_eq!(found(&owner, &format!("created_at={time}")).await.len(), 1, "{time}");
        }
        for time in ["2026-03-01 09:30:00Z", "2026-W10-1", "2026-060", "2026-03-01T09:30:00", "2026-03-01T24:00:00Z", "2026-02-30", "2026-03-01T09:30:00%2B24:00", "02026-03-01T00:00:00Z"] {
            let refused = owner.get(&format!("{PATH}?created_at:gt={time}")).await.refused(422, "validation_failed");
            assert_eq!(refused.violations(), ["created_at:gt INVALID_FORMAT"]);
        }
    }

    /// A search finds a text however its characters are composed and in any case (K-12). The text
    /// is stored in NFC.
    async fn text_is_found_in_every_spelling(app) {
        let owner = app.owner().await;
        make(&owner, &[
            json!({ "name": "Cafe\u{301} Äpfel", "tags": ["e\u{301}"], "labels": { "e\u{301}": "u\u{308}" } }),
            json!({ "name": "Große STRASSE", "description": "ΟΔΥΣΣΕΎΣ und İzmir" }),
            json!({ "name": "plain" }),
        ]).await;
        check(&owner, &[
            ("name=Café Äpfel", &["Café Äpfel"]),
            ("name=Cafe\u{301} A\u{308}pfel", &["Café Äpfel"]),
            ("name:prefix=CAFÉ", &["Café Äpfel"]),
            ("name:contains=cafe\u{301} ä", &["Café Äpfel"]),
            ("search=ÄPFEL", &["Café Äpfel"]),
            ("search=äpfel", &["Café Äpfel"]),
            ("search=cafe", &[]),
            ("tags=é", &["Café Äpfel"]),
            ("tags=e\u{301}", &["Café Äpfel"]),
            ("labels[é]=ü", &["Café Äpfel"]),
            ("labels[e\u{301}]=u\u{308}", &["Café Äpfel"]),
            ("search=GROẞE straße", &["Große STRASSE"]),
            ("search=odysseus", &[]),
            ("search=οδυσσεύς", &["Große STRASSE"]),
            ("search=ΟΔΥΣΣΕΎΣ", &["Große STRASSE"]),
            ("search=i\u{307}zmir", &["Große STRASSE"]),
            ("search=PLAIN", &["plain"]),
        ]).await;
        // A search finds the changed text, and no longer the former one.
        let id = owner.get(&format!("{PATH}?name=plain")).await.body["items"][0]["id"].as_str().unwrap().to_owned();
        owner.patch(&format!("{PATH}/{id}"), &json!({ "name": "ÜBER" })).await.expect(200);
        check(&owner, &[("search=über", &["ÜBER"]), ("search=plain", &[])]).await;
        owner.patch(&format!("{PATH}/{id}"), &json!({ "name": "Plain" })).await.expect(200);
        check(&owner, &[("search=über", &[]), ("search=PLAIN", &["Plain"])]).await;
        // Two spellings of one text count as one.
        let twice = json!({ "name": "x", "tags": ["é", "e\u{301}"], "labels": { "é": "1", "e\u{301}": "2" } });
        let refused = owner.post(PATH, &twice).await.refused(422, "validation_failed");
        assert_eq!(refused.violations(), ["/labels NOT_UNIQUE", "/tags NOT_UNIQUE"]);
    }

    /// A row that was written without the search column is found by its ASCII text.
    async fn rows_without_folded_text_are_found(app) {
        let owner = app.owner().await;
        make(&owner, &[json!({ "name": "Older Ä" })]).await;
        app.execute(&format!("UPDATE projects SET folded = NULL WHERE tenant_id = '{}'", owner.tenant()));
        check(&owner, &[("search=OLDER", &["Older Ä"]), ("name:prefix=older", &["Older Ä"])]).await;
    }

    /// Line endings stay as they were sent.
    async fn lines_end_as_they_were_sent(app) {
        let owner = app.owner().await;
        let text = "one\r\ntwo\n\tthree\r\n";
        let made = owner.post(PATH, &json!({ "name": "a", "description": text })).await.expect(201);
        let path = format!("{PATH}/{}", made.id());
        assert_eq!(owner.get(&path).await.body["description"], text);
        for bad in ["a\rb", "a\r", "\u{b}", "\u{85}", "\u{7f}", "\0"] {
            let refused = owner.patch(&path, &json!({ "description": bad })).await.refused(422, "validation_failed");
            assert_eq!(refused.violations(), ["/description CONTROL_CHARACTER"]);
        }
        assert_eq!(owner.get(&path).await.body["description"], text);
    }
}

logic! {
    /// A name without visible characters is refused, and nothing is made.
    async fn names_can_be_seen(app) {
        let owner = app.owner().await;
        for name in [" ", "\t", "\u{a0}\u{3000}", "\u{200b}", "\u{ad}", "\u{3164}", "\u{202e}\u{2066}", "\u{e0041}\u{e007f}", "\u{2800}"] {
            for body in [json!({ "name": name }), json!({ "title": name })] {
                let field = body.as_object().unwrap().keys().next().unwrap().clone();
                let refused = owner.post(PATH, &body).await.refused(422, "validation_failed");
                assert_eq!(refused.violations(), [format!("/{field} NOT_VISIBLE")], "{name:?}");
            }
            owner.post("/api/v1/teams", &json!({ "name": name })).await.refused(422, "validation_failed");
        }
        let refused = owner.post(PATH, &json!({ "name": "a", "tags": ["\u{feff}"] })).await.refused(422, "validation_failed");
        assert_eq!(refused.violations(), ["/tags/0 NOT_VISIBLE"]);
        assert_eq!((found(&owner, "").await.len(), events(&owner, "project.created").await), (0, 0));
        make(&owner, &[json!({ "name": "\u{202e}seen\u{200b}" })]).await;
        assert_eq!(found(&owner, "").await, ["\u{202e}seen\u{200b}"], "never rewritten");
    }
}
