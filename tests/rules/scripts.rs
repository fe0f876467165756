//! Scripts share their head, and tell what they do before they do anything.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::server::root;

pure! { scripts_share_their_head() scripts_answer_help_without_building() }

const HEAD: &str = "\nset -euo pipefail\nsource \"$(dirname \"${BASH_SOURCE[0]}\")/";

/// The commands in `scripts/`, and the script that continuous integration runs.
fn scripts() -> Vec<PathBuf> {
    let folder = std::fs::read_dir(root().join("scripts")).unwrap();
    let files = folder.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let scripts: Vec<_> = files.chain([root().join(".ci/run")]).collect();
    assert!(scripts.len() > 10, "{scripts:?}");
    scripts
}

/// Code that a script must leave to `scripts/lib/common.sh`.
fn mistakes(text: &str) -> Vec<&'static str> {
    let mut mistakes = Vec::new();
    if !text.contains(HEAD) || !text.contains("lib/common.sh\"\n") {
        mistakes.push("does not begin with the common head");
    }
    if text.contains("--exclude=") || text.contains("components/*") {
        mistakes.push("has a list of crates of its own");
    }
    if text.contains("CARGO_TARGET_DIR=\"$PWD") || text.contains("fail()") {
        mistakes.push("says again what the common head says");
    }
    mistakes
}

fn scripts_share_their_head() {
    for script in scripts() {
        let text = std::fs::read_to_string(&script).unwrap();
        assert_eq!(mistakes(&text), Vec::<&str>::new(), "{}", script.display());
        let mode = script.metadata().unwrap().permissions().mode();
        assert_ne!(mode & 0o111, 0, "{} is executable", script.display());
    }
    let own = "fail() { exit 1; }\ncargo test --workspace --exclude=bench\n";
    assert_eq!(mistakes(own).len(), 3, "the rule works");
}

/// A cargo home whose programs, and other programs that build or fetch, only record that they ran.
fn traps(home: &Path) {
    std::fs::create_dir(home.join("bin")).unwrap();
    for program in ["cargo", "rustc", "rustup", "npm", "npx", "node", "python3", "apt-get"] {
        let file = home.join("bin").join(program);
        std::fs::write(&file, "#!/bin/sh\n: >\"$CARGO_HOME/ran\"\nexit 1\n").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// Whether the script succeeded, what it printed, and whether it ran a forbidden program.
fn run(script: &Path, arguments: &[&str]) -> (bool, String, bool) {
    let home = tempfile::tempdir().unwrap();
    traps(home.path());
    let output = Command::new(script)
        .args(arguments)
        .env("CARGO_HOME", home.path())
        .current_dir(home.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    (output.status.success(), printed, home.path().join("ran").exists())
}

/// `--help` works from any folder, on a machine without any tools, and at once.
fn scripts_answer_help_without_building() {
    for script in scripts().iter().filter(|script| script.starts_with(root().join("scripts"))) {
        let (well, printed, ran) = run(script, &["--help"]);
        let name = format!("scripts/{}", script.file_name().unwrap().to_str().unwrap());
        assert!(well && !ran, "{name} --help: {printed}");
        let usage = printed.lines().find(|line| line.starts_with("Usage: "));
        assert!(usage.is_some_and(|line| line.contains(&name)), "{name} --help: {printed}");
    }
    let (well, _, ran) = run(&root().join("scripts/bless"), &["no_such_test"]);
    assert!(!well && ran, "the rule works");
}
