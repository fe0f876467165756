//! Tests of the scopes.

use anyhow::Result;
use serde_json::{Value, json};

use crate::{bundle, files, scopes};

/// Checks these rows against a document with one operation, which needs `a:read`.
fn check(rows: &str) -> Result<scopes::Declared> {
    let mut common = files::parse(&format!("x-roles: [owner, viewer]\nx-scopes: {{ {rows} }}"))?;
    let declared = scopes::declared(&common)?;
    common["paths"] = json!({ "/a": { "get": { "security": [{ "bearer": ["a:read"] }] } } });
    scopes::check(&declared, &common)?;
    scopes::write(&mut common)?;
    assert_eq!(common.get("x-scopes").or(common.get("x-roles")), None);
    Ok(declared)
}

#[test]
fn a_role_holds_what_lower_roles_hold() {
    let rows = "'b:x': { role: owner, description: x, unused: For a later release. }, \
                'a:read': { role: viewer, description: Read. }";
    let source = scopes::source(&check(rows).expect("fits"));
    let expected = [
        r#"pub const SCOPES: [&str; 2] = ["a:read", "b:x"];"#,
        r#"    ("owner", &["a:read", "b:x"]),"#,
        r#"    ("viewer", &["a:read"]),"#,
    ];
    assert!(expected.iter().all(|line| source.contains(line)), "{source}");
}

#[test]
fn a_scope_that_nobody_holds_or_nothing_needs_is_refused() {
    let read = "'a:read': { role: viewer, description: Read. }";
    for (rows, says) in [
        ("", "x-scopes has no a:read, so nobody could call GET /a; add it"),
        (&*format!("{read}, 'b:x': {{ role: owner, description: x }}"), "no operation needs b:x"),
        ("'a:read': { role: viewer, description: x, unused: y }", "remove `unused`"),
        ("'a:read': { role: nobody, description: x }", "one of owner, viewer"),
        ("'a:read': { role: viewer }", "`description` is missing"),
        ("'a:read': { roles: [viewer], description: x }", "keyword `roles`"),
    ] {
        let error = format!("{:#}", check(rows).err().expect(says));
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn roles_are_those_of_users() {
    let common = files::read(files::COMMON).unwrap();
    let roles = common["x-roles"].as_array().unwrap().iter();
    let upper = roles.map(|role| role.as_str().unwrap().to_uppercase()).collect::<Value>();
    assert_eq!(bundle()["components"]["schemas"]["Role"]["enum"], upper);
}
