//! Users with absent values, with addresses in several spellings, and with numbers in their
//! metadata.

use http::Method;
use serde_json::json;

use super::{USERS, names, own_id, user};
use crate::support::server::PASSWORD;

storage! {
    /// An absent value is not equal to any value, and a filter can ask for it.
    async fn what_has_no_value(app) {
        let owner = app.owner().await;
        user(&owner, "anna").await;
        for (name, department) in [("bert", "sales"), ("carl", "support")] {
            let body = json!({ "email": format!("{name}@example.com"), "name": name, "department": department });
            owner.post(USERS, &body).await.expect(201);
        }
        let of = format!("id:ne={}&sort=name", own_id(&owner));
        let cases: [(&str, &[&str]); 9] = [
            ("department:ne=sales", &["anna", "carl"]),
            ("department:nin=sales,support", &["anna"]),
            ("filter[department][ne]=sales", &["anna", "carl"]),
            ("department:null=true", &["anna"]),
            ("department_null=true", &["anna"]),
            ("filter[department][null]=true", &["anna"]),
            ("department:null=false", &["bert", "carl"]),
            ("department:in=sales", &["bert"]),
            ("name:null=true", &[]),
        ];
        for (query, expected) in cases {
            assert_eq!(names(&owner, &format!("{USERS}?{query}&{of}")).await, expected, "{query}");
        }
        let refused = owner.get(&format!("{USERS}?department:null=maybe")).await.refused(422, "validation_failed");
        assert_eq!(refused.violations(), ["department:null WRONG_TYPE"]);
    }

    /// Addresses ignore case, and have one spelling.
    async fn addresses_are_one(app) {
        let owner = app.owner().await;
        let body = |email: &str| json!({ "email": email, "name": "José" });
        let made = owner.post(USERS, &body("JOSE\u{301}@Example.com")).await.expect(201);
        assert_eq!(made.body["email"], "josé@example.com");
        for other in ["josé@example.com", "JOSÉ@EXAMPLE.COM", "jose\u{301}@example.com"] {
            owner.post(USERS, &body(other)).await.refused(409, "conflict");
            for op in ["", ":eq", ":in", ":prefix", ":contains"] {
                let found = names(&owner, &format!("{USERS}?email{op}={other}")).await;
                assert_eq!(found, ["José"], "email{op}={other}");
            }
            assert_eq!(names(&owner, &format!("{USERS}?search={other}")).await, ["José"]);
        }
        for bad in [".a@b.de", "a..b@b.de", "a@-b.de", "a@b_c.de", "a\u{200b}@b.de", "A <a@b.de>", "a@[1.2.3.400]"] {
            let refused = owner.post(USERS, &body(bad)).await.refused(422, "validation_failed");
            assert_eq!(refused.violations(), ["/email INVALID_FORMAT"], "{bad}");
        }
        assert_eq!(owner.get(USERS).await.body["items"].as_array().unwrap().len(), 2);
    }

    /// A password and an address work from every keyboard, and a search finds a name.
    async fn signing_in_with_another_keyboard(app) {
        let unique = app.owner().await.tenant().replace(|c: char| !c.is_ascii_alphanumeric(), "");
        let password = "p\u{e4}ssw\u{f6}rter sind lang";
        let registration = json!({
            "email": format!("zoe\u{308}.{unique}@example.com"), "password": password,
            "name": "ZOE\u{308}", "tenant_name": "Cafe\u{301}",
        });
        let session = app.anon().post("/api/v1/auth/register", &registration).await.expect(201).body;
        assert_eq!((&session["user"]["name"], &session["tenant"]["name"]), (&json!("ZOË"), &json!("Café")));
        let login = |email: &str, password: &str| json!({ "email": email, "password": password });
        let decomposed = "pa\u{308}sswo\u{308}rter sind lang";
        let email = format!("ZO\u{cb}.{unique}@EXAMPLE.com");
        app.anon().post("/api/v1/auth/login", &login(&email, decomposed)).await.expect(200);
        app.anon().post("/api/v1/auth/login", &login(&email, password)).await.expect(200);
        app.anon().post("/api/v1/auth/login", &login(&email, PASSWORD)).await.refused(401, "invalid_credentials");
        app.anon().post("/api/v1/auth/register", &registration).await.refused(409, "conflict");
        let owner = app.anon().with_token(session["access_token"].as_str().unwrap());
        assert_eq!(names(&owner, &format!("{USERS}?search=zoë")).await, ["ZOË"]);
    }

    /// Numbers in free metadata come back as they were sent, in every form, and can be merged.
    async fn numbers_come_back_as_they_were_sent(app) {
        let owner = app.owner().await;
        let numbers = r#"{"a":1e2,"b":-0,"c":1.0,"d":12345678901234567890123,"e":[9007199254740993,0.10,{"f":1E+2}]}"#;
        let members = |email: &str| format!(r#""email":"{email}","name":"n","metadata":{numbers}"#);
        let document = |email: &str| format!(r#"{{"data":{{"type":"users","attributes":{{{}}}}}}}"#, members(email));
        let kinds = [
            ("application/json", format!("{{{}}}", members("a@example.com"))),
            ("application/json;profile=camel", format!("{{{}}}", members("b@example.com"))),
            ("application/json;profile=envelope", format!("{{{}}}", members("c@example.com"))),
            ("application/vnd.api+json", document("d@example.com")),
        ];
        for (kind, body) in kinds {
            let made = owner.send(Method::POST, USERS, &[("content-type", kind)], Some(body)).await.expect(201);
            let id = made.body["id"].as_str().or(made.body["data"]["id"].as_str()).unwrap().to_owned();
            for accept in ["application/json", "application/json;profile=camel", "application/json;profile=envelope", "application/vnd.api+json"] {
                for path in [format!("{USERS}/{id}"), format!("{USERS}?id={id}")] {
                    let read = owner.send(Method::GET, &path, &[("accept", accept)], None).await.expect(200);
                    assert!(read.text.contains(numbers), "{kind} {accept}: {}", read.text);
                }
            }
            let patch = r#"{"metadata":{"a":null,"e":2e0,"g":{"h":-0.0}}}"#.to_owned();
            let json = [("content-type", "application/merge-patch+json")];
            let patched = owner.send(Method::PATCH, &format!("{USERS}/{id}"), &json, Some(patch)).await.expect(200);
            let expected = r#"{"b":-0,"c":1.0,"d":12345678901234567890123,"e":2e0,"g":{"h":-0.0}}"#;
            assert!(patched.text.contains(expected), "{}", patched.text);
        }
    }
}
