//! No file uses a file that uses it, directly or over others. Nobody can read, test or move one file
//! of a circle without the others.

use std::collections::btree_map::{BTreeMap, Entry};
use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use super::files::tracked;
use super::uses::{Uses, uses};
use crate::support::server::root;

pure! { no_files_use_each_other() a_circle_is_found() what_is_no_use_does_not_count() }

/// The shortest circle through a file, if there is one.
fn through(uses: &Uses, file: &Path) -> Option<Vec<PathBuf>> {
    let mut before = BTreeMap::<&Path, &Path>::new();
    let mut next = VecDeque::from([file]);
    while let Some(at) = next.pop_front() {
        for used in uses.get(at).into_iter().flatten().map(PathBuf::as_path) {
            if used == file {
                let back = std::iter::successors(Some(at), |at| before.get(at).copied());
                return Some(back.map(Path::to_owned).collect());
            }
            if let Entry::Vacant(unseen) = before.entry(used) {
                unseen.insert(at);
                next.push_back(used);
            }
        }
    }
    None
}

/// The circles, each from its first file in the order of names: `a.rs → b.rs → a.rs`.
fn circles(uses: &Uses) -> BTreeSet<String> {
    let found = uses.keys().filter_map(|file| through(uses, file));
    let told = found.map(|mut files| {
        files.reverse();
        let first = (0..files.len()).min_by_key(|at| &files[*at]).unwrap_or_default();
        files.rotate_left(first);
        files.extend(files.first().cloned());
        let names: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
        names.join(" → ")
    });
    told.collect()
}

/// Whether a crate begins with this file: a library, a program, a build script or a test.
fn is_root(file: &Path, files: &BTreeSet<PathBuf>) -> bool {
    let folder = file.parent().unwrap();
    let is_test = folder.ends_with("tests") && file.extension().is_some_and(|it| it == "rs");
    is_test && files.contains(&folder.with_file_name("Cargo.toml"))
        || ["lib.rs", "main.rs", "build.rs"].iter().any(|name| file.ends_with(name))
}

fn no_files_use_each_other() {
    let files: BTreeSet<_> = tracked().into_iter().collect();
    let source = |file: &Path| std::fs::read_to_string(root().join(file)).ok();
    let roots = files.iter().filter(|file| is_root(file, &files));
    let of_crates: Vec<_> = roots.map(|root| uses(root, &source)).collect();
    let read: usize = of_crates.iter().map(Uses::len).sum();
    assert!(read > 600, "only {read} files were read");
    let found: BTreeSet<_> = of_crates.iter().flat_map(circles).collect();
    let found = found.into_iter().collect::<Vec<_>>().join("\n");
    assert!(found.is_empty(), "what two files need goes to a third:\n{found}");
}

/// The circles of a planted crate: `lib.rs` with the modules `a`, `b` and `c`.
fn planted(lib: &str, a: &str, b: &str, c: &str) -> Vec<String> {
    let lib = format!("mod a; mod b; mod c; {lib}");
    let files = [("lib.rs", lib.as_str()), ("a.rs", a), ("b.rs", b), ("c/mod.rs", c)];
    let source = |file: &Path| {
        let found = files.iter().find(|(name, _)| Path::new(name) == file);
        found.map(|(_, text)| (*text).to_owned())
    };
    circles(&uses(Path::new("lib.rs"), &source)).into_iter().collect()
}

fn a_circle_is_found() {
    let (a, b) = ("use super::b; pub struct A; fn a() { b::f(A) }", "pub fn f(_: crate::a::A) {}");
    let two = ["a.rs → b.rs → a.rs"];
    assert_eq!(planted("", a, b, ""), two);
    // Who hands an item on hides nothing, and is no part of the circle.
    let c = "pub use super::b::f as g; pub(crate) use crate::b::*;";
    assert_eq!(planted("", "use crate::c::g; pub struct A;", b, c), two);
    assert_eq!(planted("", "pub struct A; fn a() { super::c::f(A) }", b, c), two);
    // The paths in a macro count, and those in a module that is written in place.
    let a = "pub struct A; mod inner { macro_rules! m { () => { vec![$crate::b::f] }; } }";
    assert_eq!(planted("", a, b, ""), two);
    // A longer one, over a parent that uses its child.
    let lib = "use self::a::A; pub struct Top;";
    let three = ["a.rs → b.rs → lib.rs → a.rs"];
    assert_eq!(planted(lib, "pub type A = crate::b::B;", "pub type B = super::Top;", ""), three);
}

fn what_is_no_use_does_not_count() {
    let b = "pub fn f(_: crate::a::A) {}";
    let none = Vec::<String>::new();
    let tests = "pub struct A; #[cfg(test)] mod tests { use crate::b::f; }";
    assert_eq!(planted("", tests, b, ""), none);
    let tests = "pub struct A; #[cfg(all(unix, test))] use crate::b::f; impl A { #[cfg(test)] fn a() { crate::b::f() } }";
    assert_eq!(planted("", tests, b, ""), none);
    let either = "pub struct A; #[cfg(any(unix, test))] use crate::b::f;";
    assert_eq!(planted("", either, b, "").len(), 1);
    // A parent that declares its child, and hands on what it has.
    let parent = "pub use b::B; pub struct Top;";
    assert_eq!(planted(parent, "", "pub struct B(super::Top);", ""), none);
    // A name of another crate.
    let outside = "use std::fmt::b; pub struct A; pub use b::f; fn a() { std::b::f() }";
    assert_eq!(planted("", outside, b, "pub use std::fmt::*;"), none);
}
