//! Rules for files: their length, and the paths that documents name.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::server::root;

pure! { no_file_is_too_long() documents_name_paths_that_exist() no_snapshot_is_an_orphan() }

const LONGEST: usize = 400;

/// The files that git tracks, and those that it would add.
pub(super) fn tracked() -> Vec<PathBuf> {
    let output = Command::new("git")
        .args(["ls-files", "-co", "--exclude-standard"])
        .current_dir(root())
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(PathBuf::from).collect()
}

fn too_long<'a>(files: impl Iterator<Item = (&'a Path, usize)>) -> Vec<String> {
    files
        .filter(|(_, lines)| *lines > LONGEST)
        .map(|(path, lines)| format!("{}: {lines} lines", path.display()))
        .collect()
}

/// No file is longer than the limit, because a file has one purpose.
fn no_file_is_too_long() {
    let files = tracked();
    let lengths = files
        .iter()
        .filter(|path| path.extension().is_some_and(|e| e == "rs"))
        .filter_map(|path| {
            Some((path.as_path(), std::fs::read_to_string(root().join(path)).ok()?.lines().count()))
        });
    assert_eq!(too_long(lengths), Vec::<String>::new());
    assert_eq!(too_long([(Path::new("a.rs"), LONGEST + 1)].into_iter()).len(), 1, "the rule works");
}

/// Finds paths in backticks that look like files or folders of the tree and do not exist.
fn missing_paths(text: &str) -> Vec<String> {
    let named = text.split('`').skip(1).step_by(2);
    let ours = [
        "components/",
        "docs/",
        "host/",
        "migrations/",
        "openapi/",
        "scripts/",
        "tests/",
        "tools/",
        "wit/",
    ];
    named
        .filter(|name| ours.iter().any(|folder| name.starts_with(folder)))
        .filter(|name| !name.contains([' ', '*', '{', '<', '…', '$', '(']))
        .filter(|name| !root().join(name.split(':').next().unwrap()).exists())
        .map(str::to_owned)
        .collect()
}

fn documents_name_paths_that_exist() {
    for path in tracked().iter().filter(|path| path.extension().is_some_and(|e| e == "md")) {
        let Ok(text) = std::fs::read_to_string(root().join(path)) else { continue };
        assert_eq!(missing_paths(&text), Vec::<String>::new(), "{}", path.display());
    }
    assert_eq!(
        missing_paths("see `components/nothing/`"),
        ["components/nothing/"],
        "the rule works"
    );
}

/// Finds snapshots that no test compares any more. A blessed snapshot must not outlive its test.
fn orphans(snapshots: &[String], tests: &str) -> Vec<String> {
    snapshots.iter().filter(|name| !tests.contains(&format!("\"{name}\""))).cloned().collect()
}

fn no_snapshot_is_an_orphan() {
    let names: Vec<_> = std::fs::read_dir(root().join("tests/snapshots"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert!(names.len() > 10, "{names:?}");
    let sources = tracked().into_iter().filter(|path| path.starts_with("tests"));
    let text: String = sources
        .filter(|path| path.extension().is_some_and(|e| e == "rs"))
        .filter_map(|path| std::fs::read_to_string(root().join(path)).ok())
        .collect();
    assert_eq!(orphans(&names, &text), Vec::<String>::new());
    let planted = "of_no_test".to_owned() + "_at_all";
    assert_eq!(orphans(std::slice::from_ref(&planted), &text), [planted], "the rule works");
}
