//! Memory does not grow with the number of requests.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use super::rounds;
use crate::host::manifest;
use crate::support::Placement;
use crate::support::process::{Process, Setting};

transport! { is_steady(placement) }

/// Requests until everything that is allocated once has been allocated.
const WARM: usize = 20_000;
/// Requests of a round.
const ROUND: usize = 5_000;
/// Rounds in the ordinary tests. `scripts/prove --only memory` sends 1,000,000 requests.
const ROUNDS: u64 = 8;
/// The growth that is allowed, in bytes, however many rounds there are. A former leak of 330 bytes
/// for each request makes 8 MB of 25,000 requests.
const GROWTH: usize = 5 << 20;
/// The growth is the smallest of this many rounds, because memory that comes and goes is not
/// growth.
const LAST: usize = 4;
/// Connections, each of which keeps an instance at work.
const CONNECTIONS: usize = 2;
/// Requests in flight on a connection.
const DEPTH: usize = 20;

/// Sends this many requests that reach the function, over one connection.
fn ask(address: &str, count: usize) {
    let mut stream = TcpStream::connect(address).unwrap();
    let mut answers = BufReader::with_capacity(64 << 10, stream.try_clone().unwrap());
    let request = format!("GET /api/v1/probe/echo HTTP/1.1\r\nhost: {address}\r\n\r\n");
    let batch = request.repeat(DEPTH);
    let (mut line, mut body) = (String::new(), Vec::new());
    for _ in 0..count / DEPTH {
        stream.write_all(batch.as_bytes()).unwrap();
        for _ in 0..DEPTH {
            let mut length = 0;
            line.clear();
            answers.read_line(&mut line).unwrap();
            assert!(line.starts_with("HTTP/1.1 200 "), "{line}");
            while line != "\r\n" {
                line.clear();
                answers.read_line(&mut line).unwrap();
                if let Some(value) = line.strip_prefix("content-length: ") {
                    length = value.trim().parse().unwrap();
                }
            }
            body.resize(length, 0);
            answers.read_exact(&mut body).unwrap();
            assert_eq!(body, b"echo");
        }
    }
}

async fn is_steady(placement: Placement) {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("runtime-config.toml");
    std::fs::write(&config, "").unwrap();
    let setting = Setting {
        runtime_config: Some(config),
        manifest: Some(manifest(directory.path(), r#"key_value_stores = ["default"]"#)),
        variables: vec![("limit_read_per_minute".to_owned(), "0".to_owned())],
        ..Setting::new(&directory.path().join("data"), placement)
    };
    let server = Process::spawn(&setting);
    let address = server.app.base.strip_prefix("http://").unwrap();
    let ask = |count: usize| {
        std::thread::scope(|scope| {
            for _ in 0..CONNECTIONS {
                scope.spawn(|| ask(address, count / CONNECTIONS));
            }
        });
        server.resident()
    };
    let before = ask(WARM);
    let mut sizes = Vec::new();
    for _ in rounds(ROUNDS) {
        sizes.push(ask(ROUND));
        if let Some(last) = sizes.last_chunk::<LAST>() {
            let least = *last.iter().min().unwrap();
            assert!(least < before + GROWTH, "{} KiB, then {sizes:?} bytes", before >> 10);
        }
    }
}
