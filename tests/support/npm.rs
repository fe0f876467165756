//! Packages of npm, which are fetched below `target/`.

use std::path::PathBuf;
use std::process::Command;

use parking_lot::Mutex;

use super::server::root;

/// The folder that has a package, `name@version`, among its modules. `None`, told, where there
/// is no Node to run it or none to fetch it; in continuous integration that is a failure.
pub fn install(package: &str) -> Option<PathBuf> {
    // One after the other, as all share npm's cache.
    static INSTALLING: Mutex<()> = Mutex::new(());
    let _installing = INSTALLING.lock();
    let folder = root().join("target/tests/npm").join(package);
    let done = folder.join("installed");
    if !done.exists() {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("package.json"), "{\"private\":true}").unwrap();
        let mut npm = Command::new("npm");
        npm.args(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--cache"]);
        npm.arg(root().join("target/npm")).arg(package).current_dir(&folder);
        match npm.output() {
            Ok(output) if output.status.success() => std::fs::write(&done, "").unwrap(),
            failed => {
                let told =
                    failed.map(|output| String::from_utf8_lossy(&output.stderr).into_owned());
                assert!(
                    std::env::var("CI").as_deref() != Ok("true"),
                    "npm could not install {package}: {told:?}"
                );
                eprintln!("skipped: npm could not install {package}");
                return None;
            }
        }
    }
    Some(folder)
}
