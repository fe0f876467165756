//! The rooms of the runner are in an order: each uses only those below it. So what a room does can
//! be understood without those above it.

use std::path::Path;

use super::uses::{Uses, uses};
use crate::support::server::root;

pure! { rooms_use_those_below_them() a_use_of_a_room_above_is_found() }

const LIB: &str = "host/src/lib.rs";

/// The uses of a room above, each as `from.rs → to.rs`. `rooms` are from the top to the bottom.
fn upwards(uses: &Uses, rooms: &[&str]) -> Vec<String> {
    let place = |file: &Path| {
        let below = file.strip_prefix(Path::new(LIB).parent().unwrap()).ok()?;
        rooms.iter().position(|room| below.starts_with(room))
    };
    let all = uses.iter().flat_map(|(file, used)| used.iter().map(move |used| (file, used)));
    let wrong = all.filter(|(file, used)| place(file) > place(used) && place(used).is_some());
    wrong.map(|(file, used)| format!("{} → {}", file.display(), used.display())).collect()
}

/// The table in `host/src/lib.rs` has every room, and no room uses one that stands above it there.
fn rooms_use_those_below_them() {
    let lib = std::fs::read_to_string(root().join(LIB)).unwrap();
    let after = |line: &'static str| lib.lines().filter_map(move |it| it.strip_prefix(line));
    let mut rooms: Vec<_> = after("//! | `").map(|row| row.split('`').next().unwrap()).collect();
    let source = |file: &Path| std::fs::read_to_string(root().join(file)).ok();
    let found = upwards(&uses(Path::new(LIB), &source), &rooms);
    assert!(found.is_empty(), "what a lower room needs goes there:\n{}", found.join("\n"));
    rooms.sort_unstable();
    let declared: Vec<_> = after("mod ").map(|room| room.trim_end_matches(';')).collect();
    assert_eq!(rooms, declared);
}

fn a_use_of_a_room_above_is_found() {
    let files = [
        (LIB, "mod above; mod below;"),
        ("host/src/above.rs", "pub struct A; fn a(_: crate::below::B) {}"),
        ("host/src/below.rs", "pub struct B; fn b(_: crate::above::A) {}"),
    ];
    let source = |file: &Path| {
        let found = files.iter().find(|(name, _)| Path::new(name) == file);
        found.map(|(_, text)| (*text).to_owned())
    };
    let uses = uses(Path::new(LIB), &source);
    assert_eq!(
        upwards(&uses, &["above.rs", "below.rs"]),
        ["host/src/below.rs → host/src/above.rs"]
    );
}
