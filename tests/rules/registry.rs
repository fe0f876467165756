//! The error registry (S-41).

use gateway::Code;
use wit_parser::{Resolve, TypeDefKind};

use crate::support::server::root;

/// The rows stand in the order of `wit/errors.wit`, spelled alike: both sides convert by
/// index.
#[test]
fn rows_and_interface_agree() {
    let mut resolve = Resolve::default();
    resolve.push_dir(root().join("wit")).unwrap();
    let code = resolve.types.iter().find(|(_, t)| t.name.as_deref() == Some("code")).unwrap().1;
    let TypeDefKind::Enum(cases) = &code.kind else { panic!("code is an enum") };
    let interface: Vec<_> = cases.cases.iter().map(|case| case.name.replace('-', "_")).collect();
    let rows: Vec<_> = Code::ALL.iter().map(|code| code.row().name.to_owned()).collect();
    assert_eq!(interface, rows);
}

/// The registry, whole: a change of a status is a change that a review sees.
#[test]
fn the_table() {
    let rows: Vec<_> = Code::ALL
        .iter()
        .map(|code| {
            let row = code.row();
            format!(
                "{} {} {}: {}",
                row.status,
                row.name,
                if row.retryable { "retryable" } else { "final" },
                row.title
            )
        })
        .collect();
    insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots") }, {
        insta::assert_snapshot!("registry", rows.join("\n"));
    });
}
