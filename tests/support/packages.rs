//! Packages of npm and of PyPI, which are installed below `target/`.

use std::path::{Path, PathBuf};
use std::process::Command;

use parking_lot::Mutex;

use super::server::root;

pub const OIDC_PROVIDER: &str = "oidc-provider@8.8.1";
pub const STANDARD_WEBHOOKS: &str = "standardwebhooks@1.1.1";
pub const STRIPE: &str = "stripe@22";
const OF_PYPI: &str = "standardwebhooks==1.1.0";

/// The folder whose modules include a package of npm.
pub fn of_npm(name: &str) -> PathBuf {
    install(name).unwrap_or_else(|reason| panic!("{reason}"))
}

/// A Python interpreter that has the package of PyPI.
pub fn python() -> PathBuf {
    environment().unwrap_or_else(|reason| panic!("{reason}"))
}

/// Installs all packages, or tells why it cannot.
pub fn all() -> Result<(), String> {
    for name in [OIDC_PROVIDER, STANDARD_WEBHOOKS, STRIPE] {
        install(name)?;
    }
    environment().map(drop)
}

/// One installation runs at a time, because all share the folders and the caches.
static FETCHING: Mutex<()> = Mutex::new(());

fn install(name: &str) -> Result<PathBuf, String> {
    let _fetching = FETCHING.lock();
    let folder = root().join("target/tests/npm").join(name);
    let done = folder.join("installed");
    if !done.exists() {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("package.json"), "{\"private\":true}").unwrap();
        let mut npm = Command::new("npm");
        npm.args(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--cache"]);
        run(npm.arg(root().join("target/npm")).arg(name).current_dir(&folder))?;
        std::fs::write(&done, "").unwrap();
    }
    Ok(folder)
}

fn environment() -> Result<PathBuf, String> {
    let _fetching = FETCHING.lock();
    let folder = root().join("target/tests/python").join(OF_PYPI);
    let (python, done) = (folder.join("bin/python"), folder.join("installed"));
    if !done.exists() {
        let _ = std::fs::remove_dir_all(&folder);
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--cache-dir"]);
        run(pip.arg(root().join("target/pip")).arg(OF_PYPI))?;
        std::fs::write(&done, "").unwrap();
    }
    Ok(python)
}

/// Runs a command to its end. If it fails, returns the end of its output as one line.
fn run(command: &mut Command) -> Result<(), String> {
    let name = Path::new(command.get_program()).file_name().unwrap().display().to_string();
    let output = command.output().map_err(|error| format!("{name} does not run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("nothing");
    Err(format!("{name} failed and said: {}", last.trim()))
}
