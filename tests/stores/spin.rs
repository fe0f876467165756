//! The same functions on Spin itself, if a binary of it is given: `SPIN_BIN=…/spin`. Its pool of
//! PostgreSQL connections hands them on in the state in which they were left.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use super::with_fault_injection;
use crate::support::server::UNLIMITED;
use crate::support::servers::free_port;
use crate::support::{App, stores};

spin! { a_trap_leaves_nothing() }

/// The longest that a Spin may take that was built without optimisation and compiles every function for
/// the first time.
const START: Duration = Duration::from_mins(15);

struct Spin(Child);

impl Drop for Spin {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `spin up` with one connection, on functions with faults.
fn up(program: &str, directory: &Path, database: &str, port: u16) -> Spin {
    let url = stores::url("app", database);
    let config = directory.join("spin-runtime-config.toml");
    std::fs::write(&config, "[outbound_pg]\nmax_connections = 1\n").unwrap();
    let mut command = Command::new(program);
    command
        .arg("up")
        .arg("--from")
        .arg(with_fault_injection(directory))
        .args(["--listen", &format!("127.0.0.1:{port}")])
        .arg("--state-dir")
        .arg(directory.join("state"))
        .arg("--runtime-config-file")
        .arg(config)
        .env("SPIN_VARIABLE_POSTGRES_HOST", stores::host(&url))
        .env("SPIN_VARIABLE_POSTGRES_URL", &url)
        .env("SPIN_VARIABLE_DEVELOPMENT", "true")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    for (name, value) in UNLIMITED {
        command.env(format!("SPIN_VARIABLE_{}", name.to_ascii_uppercase()), value);
    }
    let child = Spin(command.spawn().expect("SPIN_BIN is a program"));
    let began = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(began.elapsed() < START, "Spin does not start");
        std::thread::sleep(Duration::from_millis(200));
    }
    child
}

/// A function that traps between two statements leaves nothing to the next user of its connection.
async fn a_trap_leaves_nothing() {
    let program = std::env::var("SPIN_BIN").expect("SPIN_BIN names a Spin");
    let directory = tempfile::tempdir().unwrap();
    let (name, port) = (stores::of(directory.path()), free_port());
    let _spin = up(&program, directory.path(), &name, port);
    let base = format!("http://127.0.0.1:{port}");
    let app = App { base, log: Default::default(), data: directory.path().to_path_buf() };
    let (alice, bob) = (app.owner().await, app.owner().await);
    let kept = alice.post("/api/v1/projects", &json!({ "name": "kept" })).await.expect(201);
    for round in 0..5 {
        // A new instance checks the schema first, and thereby cleans the connection. A warm
        // instance meets the state that the trapped one has left.
        let warm = (0..8).map(|_| {
            let bob = bob.clone();
            tokio::spawn(async move { bob.get("/api/v1/projects?limit=1").await.expect(200) })
        });
        for one in warm.collect::<Vec<_>>() {
            one.await.unwrap();
        }
        let body = json!({ "name": format!("TRAP HERE {round}") }).to_string();
        let headers = [("content-type", "application/json")];
        let trapped = alice.try_send(http::Method::POST, "/api/v1/projects", &headers, Some(body));
        // On Spin the gateway is in the instance that traps, so the gateway writes no answer of its
        // own.
        assert!(trapped.await.is_ok_and(|answer| answer.status == 500));
        let next = (0..4).map(|_| {
            let bob = bob.clone();
            let body = json!({ "name": "of bob" });
            tokio::spawn(async move { bob.post("/api/v1/projects", &body).await.expect(201) })
        });
        for one in next.collect::<Vec<_>>() {
            assert_eq!(one.await.unwrap().body["tenant_id"], bob.tenant());
        }
        assert_eq!(app.rows("SELECT count(*) FROM projects WHERE name LIKE 'TRAP%'"), [["0"]]);
        let path = format!("/api/v1/projects/{}", kept.id());
        let change = json!({ "description": format!("{round}") });
        alice.patch(&path, &change).await.expect(200);
        bob.get(&path).await.expect(404);
    }
    let feed = alice.get("/api/v1/events?type=project.created").await.expect(200);
    assert_eq!(feed.body["items"].as_array().unwrap().len(), 1);
}
