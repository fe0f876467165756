//! One file that contains everything. `tenantry bundle` makes it of the built functions, and the
//! tests run it as a user does who has nothing else: in an empty folder, without an environment.
//! `scripts/test` builds what it needs.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod lone;

use lone::{Lone, root};
use serde_json::json;
use std::ffi::OsStr;
use std::fs;
use std::io::{ErrorKind, Seek as _, SeekFrom, Write as _};
use std::process::Command;
use std::sync::LazyLock;

/// A bundle of two functions, made once. They are enough for a user with a project.
static BUNDLE: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(root().join("spin.toml")).unwrap();
    let mut manifest: toml::Table = text.parse().unwrap();
    let served = |name: &str| matches!(name, "auth" | "projects");
    let components = manifest["component"].as_table_mut().unwrap();
    components.retain(|name, _| served(name));
    let routes = manifest["trigger"]["http"].as_array_mut().unwrap();
    routes.retain(|route| served(route["component"].as_str().unwrap()));
    let file = folder.path().join("spin.toml");
    fs::write(&file, manifest.to_string()).unwrap();
    std::os::unix::fs::symlink(root().join("target"), folder.path().join("target")).unwrap();
    let made = Command::new(env!("CARGO_BIN_EXE_tenantry"))
        .arg("bundle")
        .arg(folder.path().join("service"))
        .arg("--from")
        .arg(&file)
        .arg("--add=openapi/common.yaml=openapi/common.yaml")
        .current_dir(root())
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    folder
});

fn bundle() -> std::path::PathBuf {
    BUNDLE.path().join("service")
}

/// A command without an environment.
fn alone(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    command
}

/// Whether a command succeeds in an empty folder, and what it prints.
fn told(command: &mut Command) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    command.current_dir(folder.path());
    let output = loop {
        match command.output() {
            // For a moment, a process that another test starts has the file open that this test has
            // just written.
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => std::thread::yield_now(),
            other => break other.unwrap(),
        }
    };
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

/// A user registers, makes a project and reads it.
#[track_caller]
fn serves(server: &Lone) {
    let body = json!({
        "email": "ana@example.com", "password": "correct horse battery staple",
        "tenant_name": "Example Energy", "tenant_id": "TENANT_123",
    });
    let (status, session) = server.ask("POST", "auth/register", None, Some(&body));
    assert_eq!(status, 201, "{session}");
    let token = session["access_token"].as_str().unwrap();
    let body = json!({ "name": "Site A", "tenant_id": "TENANT_123" });
    let (status, made) = server.ask("POST", "projects", Some(token), Some(&body));
    assert_eq!(status, 201, "{made}");
    let path = format!("projects/{}", made["id"].as_str().unwrap());
    let (status, read) = server.ask("GET", &path, Some(token), None);
    assert_eq!((status, &read["name"]), (200, &json!("Site A")));
}

/// The bundle serves without compiling, and tells at its start that it is not for other people.
#[test]
fn it_serves_from_an_empty_folder() {
    let folder = tempfile::tempdir().unwrap();
    let start = || {
        let mut command = Command::new(bundle());
        command.args(["up", "--listen", "127.0.0.1:0"]);
        Lone::start(command.current_dir(folder.path()))
    };
    let server = start();
    serves(&server);
    let said = server.said();
    assert!(said.contains("DEVELOPMENT") && !said.contains("ompil"), "{said}");
    drop(server);
    // A second start finds the data of the first one.
    let body = json!({ "email": "ana@example.com", "password": "correct horse battery staple" });
    assert_eq!(start().ask("POST", "auth/login", None, Some(&body)).0, 200);
}

/// The composed placement is compiled at its first start, from the portable files.
#[test]
fn the_gateway_is_composed_of_what_is_portable() {
    let folder = tempfile::tempdir().unwrap();
    // The cache saves compiling again what other tests have compiled.
    let cache = root().join("target/tests/cache");
    fs::create_dir_all(&cache).unwrap();
    std::os::unix::fs::symlink(cache, folder.path().join("cache")).unwrap();
    let mut command = Command::new(bundle());
    command.args(["up", "--listen", "127.0.0.1:0", "--gateway", "composed", "--data", "."]);
    let server = Lone::start(command.current_dir(folder.path()));
    serves(&server);
    assert!(server.said().contains("Composing auth"), "{}", server.said());
}

/// The bundle serves also if there is nothing but the file and the libraries that it names. If no
/// process may have a root of its own, `scripts/test` leaves this test out and says so.
#[test]
fn it_serves_where_nothing_else_is() {
    let folder = lone::bare(&bundle());
    let mut command = lone::rooted(folder.path());
    serves(&Lone::start(command.args(["/service", "up", "--listen", "127.0.0.1:0"])));
}

/// A user who wants to serve others, or to build, is told what to do.
#[test]
fn what_it_cannot_do_is_told() {
    for (arguments, what) in [
        (&["up", "--listen", "0.0.0.0:0"][..], "SPIN_VARIABLE_MASTER_KEY"),
        (&["up", "--build"], "nothing to build"),
        (&["build"], "nothing to build"),
        (&["up", "--from", "other.toml"], "other.toml"),
        (&["up", "--component", "nobody"], "nobody"),
    ] {
        let (done, said) = told(alone(bundle()).args(arguments));
        assert!(!done && said.contains(what), "{arguments:?}: {said}");
    }
    // Settings that a developer on one machine does not use.
    for (name, value) in [
        ("TRUSTED_PROXIES", "10.0.0.0/8"),
        ("PUBLIC_URL", "https://api.example.com"),
        ("POSTGRES_URL", "postgres://127.0.0.1/none"),
        ("DEVELOPMENT", "false"),
    ] {
        let mut command = alone(bundle());
        command.args(["up", "--listen", "127.0.0.1:0"]);
        let (done, said) = told(command.env(format!("SPIN_VARIABLE_{name}"), value));
        let asked = said.contains("variable master_key: is the public one");
        assert!(!done && asked && !said.contains("Serving"), "{name}: {said}");
    }
    let (done, said) = told(alone(bundle()).args(["up", "--runtime-config", "stores.toml"]));
    assert!(!done && !said.contains("Serving") && !said.contains("DEVELOPMENT"), "{said}");
    // Compiled code is run as it is, so only the compiler may have made it.
    let planted =
        ["bundle", "other", "--add=compiled/target/wasm32-wasip2/guest/auth.wasm=/dev/null"];
    let (done, said) = told(
        alone(env!("CARGO_BIN_EXE_tenantry"))
            .args(planted)
            .arg("--from")
            .arg(root().join("spin.toml")),
    );
    assert!(!done && said.contains("is for compiled functions"), "{said}");
    // The runner without a bundle contains no functions.
    let (done, said) = told(alone(env!("CARGO_BIN_EXE_tenantry")).arg("up"));
    assert!(!done && said.contains("holds no functions"), "{said}");
}

/// Commands that read the manifest find it, and `unpack` writes everything that can be served.
#[test]
fn other_commands_find_what_it_holds() {
    let (done, said) = told(alone(bundle()).arg("doctor"));
    assert!(done && said.contains("2 are built"), "{said}");
    let (done, said) = told(alone(bundle()).arg("--version"));
    assert!(done && said.contains(env!("CARGO_PKG_VERSION")), "{said}");

    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("files");
    let (done, said) = told(alone(bundle()).arg("unpack").arg(&place));
    assert!(done && !said.contains("compiled"), "{said}");
    let common = "openapi/common.yaml";
    assert_eq!(fs::read(place.join(common)).unwrap(), fs::read(root().join(common)).unwrap());
    let manifest = place.join("spin.toml");
    let (done, said) =
        told(alone(bundle()).arg("doctor").arg("--from").arg(&manifest).arg("--development"));
    assert!(done && said.contains("2 are built"), "{said}");
    let (done, said) = told(alone(bundle()).arg("unpack").arg(&place));
    assert!(!done && said.contains("not empty"), "{said}");
}

/// A file that was cut short or altered on its way does not run its content.
#[test]
fn damage_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let damaged = folder.path().join("damaged");
    fs::copy(bundle(), &damaged).unwrap();
    let length = fs::metadata(&damaged).unwrap().len();
    let mut file = fs::OpenOptions::new().write(true).open(&damaged).unwrap();
    // This position is in the archive, which is longer than this.
    file.seek(SeekFrom::Start(length - 100_000)).unwrap();
    file.write_all(b"another byte").unwrap();
    drop(file);
    let (done, said) = told(alone(&damaged).arg("up"));
    assert!(!done && said.contains("damaged") && said.contains("altered"), "{said}");
    fs::OpenOptions::new().write(true).open(&damaged).unwrap().set_len(length - 1).unwrap();
    let (done, said) = told(alone(&damaged).arg("up"));
    assert!(!done && said.contains("cut short"), "{said}");
}

/// `up` calls this command in a process of its own. If it did not work, then `up` would compile itself
/// and nobody would notice.
#[test]
fn it_compiles_what_it_reads() {
    let compile = |wasm: &[u8]| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.wasm");
        fs::write(&file, wasm).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenantry"));
        command.arg("compile").stdin(fs::File::open(file).unwrap()).output().unwrap()
    };
    let done = compile(b"\0asm\x0d\0\x01\0");
    assert!(done.status.success() && done.stdout.starts_with(b"\x7fELF"));
    let failed = compile(b"nothing of the kind");
    assert!(!failed.status.success() && failed.stdout.is_empty());
    assert!(String::from_utf8_lossy(&failed.stderr).starts_with("Error: "));
}
