//! Bodies that come slowly, that never come, or that are not wanted: the client learns why, and no
//! other client waits for it.

use std::process::Command;
use std::time::Duration;

use http::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::raw::Raw;
use crate::support::server::{UNLIMITED, options, start};
use crate::support::{App, Placement, dedicated};
use host::{Connections, Limits, Server};

transport! {
    what_comes_too_slowly_is_a_408(placement) half_a_body_takes_no_instance(placement)
    bodies_have_a_bound(placement) the_body_is_asked_for(placement)
}
npm! { refusals_of_large_bodies_are_read(placement) }

const LOGIN: &str = "/api/v1/auth/login";

/// A server of one function with these limits.
async fn limited(placement: Placement, limits: Limits) -> (App, Server, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let mut options = options(placement, directory.path(), &UNLIMITED);
    options.components = vec!["auth".to_owned()];
    options.limits = limits;
    let (app, server) = start(options).await;
    (app, server, directory)
}

/// A connection on which this text was sent.
async fn sent(app: &App, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(app.base.strip_prefix("http://").unwrap()).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

/// The head of a login, with these fields.
fn head(fields: &str) -> String {
    format!(
        "POST {LOGIN} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n{fields}\r\n\r\n"
    )
}

/// Everything that comes until the server closes the connection.
async fn rest(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut all)).await;
    assert!(ended.is_ok(), "still open after {:?}", String::from_utf8_lossy(&all));
    String::from_utf8_lossy(&all).into_owned()
}

/// The status and error code of a login with this body.
async fn login(app: &App, body: String) -> (u16, String) {
    let headers = [("content-type", "application/json")];
    let answer = app.anon().try_send(Method::POST, LOGIN, &headers, Some(body)).await.unwrap();
    (answer.status, answer.body["error"].as_str().unwrap_or_default().to_owned())
}

/// If the rest of a body does not come, or comes too slowly, then the answer is a 408 that closes
/// the connection.
async fn what_comes_too_slowly_is_a_408(placement: Placement) {
    let grace = Duration::from_millis(300);
    let connections = Connections { body_grace: grace, ..Connections::default() };
    let limits = Limits { connections, ..Limits::default() };
    let (app, server, _directory) = limited(placement, limits).await;
    let mut silent = sent(&app, &format!("{}{{", head("Content-Length: 100"))).await;
    let mut chunked =
        sent(&app, &format!("{}1\r\n{{\r\n", head("Transfer-Encoding: chunked"))).await;
    let mut drips = sent(&app, &head("Content-Length: 100000")).await;
    let (mut reads, mut writes) = drips.split();
    let drips = async {
        let mut all = Vec::new();
        let dripping = async {
            while writes.write_all(b" ").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::select! {
            _ = reads.read_to_end(&mut all) => {}
            () = dripping => {}
        }
        String::from_utf8_lossy(&all).into_owned()
    };
    for answer in [rest(&mut silent).await, rest(&mut chunked).await, drips.await] {
        assert!(answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{answer}");
        assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["error"], "request_timeout");
    }
    server.shutdown().await.unwrap();
}

/// Bodies that are still being sent hold no instance: with two instances and many times as many
/// such bodies, others are answered.
async fn half_a_body_takes_no_instance(placement: Placement) {
    let limits = Limits {
        max_instances: 2,
        max_queue_wait: Duration::from_millis(200),
        ..Limits::default()
    };
    let (app, server, _directory) = limited(placement, limits).await;
    let mut halves = Vec::new();
    for _ in 0..40 {
        halves.push(
            sent(&app, &format!("{}{{", head("Content-Length: 2\r\nConnection: close"))).await,
        );
    }
    for _ in 0..10 {
        assert_eq!(login(&app, "{}".to_owned()).await, (422, "validation_failed".to_owned()));
    }
    // A request whose body is complete in the end is answered.
    let mut half = halves.pop().unwrap();
    half.write_all(b"}").await.unwrap();
    let answer = rest(&mut half).await;
    assert!(answer.starts_with("HTTP/1.1 422 "), "{answer}");
    drop(halves);
    server.shutdown().await.unwrap();
}

/// The memory of bodies is bounded, for each address and in total. Small bodies are always
/// accepted.
async fn bodies_have_a_bound(placement: Placement) {
    let large = json!({ "email": "a".repeat(300_000) }).to_string();
    let small = json!({ "email": "a".repeat(5000) }).to_string();
    for (each, all, refused) in [
        (200_000, 1 << 30, (429, "rate_limit_exceeded")),
        (1 << 30, 200_000, (503, "service_unavailable")),
    ] {
        let connections =
            Connections { body_bytes: all, body_bytes_per_address: each, ..Connections::default() };
        let limits = Limits { connections, ..Limits::default() };
        let (app, server, _directory) = limited(placement, limits).await;
        for _ in 0..3 {
            // A refused body gives its memory back.
            let (status, code) = login(&app, large.clone()).await;
            assert_eq!((status, code.as_str()), refused);
            assert_eq!(login(&app, small.clone()).await.0, 422);
        }
        server.shutdown().await.unwrap();
    }
}

/// A client that sends `Expect: 100-continue` is asked for its body, unless the head is refused.
async fn the_body_is_asked_for(placement: Placement) {
    let (app, server, _directory) = limited(placement, Limits::default()).await;
    let fields = "Expect: 100-continue\r\nConnection: close";
    let mut asked = sent(&app, &head(&format!("Content-Length: 2\r\n{fields}"))).await;
    let mut first = [0; 25];
    asked.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 100 Continue\r\n\r\n");
    asked.write_all(b"{}").await.unwrap();
    let answer = rest(&mut asked).await;
    assert!(answer.starts_with("HTTP/1.1 422 "), "{answer}");
    let mut refused = sent(&app, &head(&format!("Content-Length: 8388608\r\n{fields}"))).await;
    let answer = rest(&mut refused).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    server.shutdown().await.unwrap();
}

transport! {
    /// If a refusal leaves a small body unread, the connection still serves another request.
    async fn a_small_body_that_nobody_wants_costs_no_connection(app) {
        let refused = "POST /api/v1/projects HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}";
        let next = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        let answers = Raw::send(&app, format!("{refused}{refused}{next}").as_bytes()).await;
        assert_eq!(answers.statuses(), [401, 401, 200], "{}", answers.0);
    }
}

/// Sends bodies of two sizes with and without a length. Prints the status and code of each answer.
const PYTHON: &str = r#"
import http.client, json, sys
host, token, cases = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
for kind, media_type, authorized in cases:
    for size in (1048577, 8388608):
        for chunked in (False, True):
            connection = http.client.HTTPConnection(host, timeout=30)
            headers = {"Content-Type": media_type}
            if authorized:
                headers["Authorization"] = "Bearer " + token
            body = b" " * size
            if chunked:
                pieces = (body[at:at + 65536] for at in range(0, size, 65536))
                connection.request("POST", "/api/v1/projects", pieces, headers, encode_chunked=True)
            else:
                connection.request("POST", "/api/v1/projects", body, headers)
            answer = connection.getresponse()
            print(answer.status, json.loads(answer.read())["error"])
"#;
const NODE: &str = r#"
const [host, token, cases] = process.argv.slice(1);
async function main() {
  for (const [kind, type, authorized] of JSON.parse(cases)) {
    for (const size of [1048577, 8388608]) {
      for (const chunked of [false, true]) {
        const headers = { 'content-type': type };
        if (authorized) headers.authorization = 'Bearer ' + token;
        const bytes = Buffer.alloc(size, ' ');
        const body = chunked ? new Blob([bytes]).stream() : bytes;
        const answer = await fetch(`http://${host}/api/v1/projects`,
          { method: 'POST', headers, body, duplex: 'half' });
        console.log(answer.status, (await answer.json()).error);
      }
    }
  }
}
main();
"#;

/// The output of a client in another language.
fn told_by(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().expect(program);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    assert!(output.status.success(), "{program}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// A client that sends its whole body before it reads can read the refusal of a large body.
async fn refusals_of_large_bodies_are_read(placement: Placement) {
    // The burst covers the requests below that are refused for another reason, and hardly any unit
    // comes back meanwhile.
    let (app, server, _directory) =
        dedicated(placement, &[("limit_write_per_minute", "1;burst=16")]).await;
    let owner = app.owner().await;
    let host = app.base.strip_prefix("http://").unwrap().to_owned();
    let cases = json!([
        ["401", "application/json", false],
        ["413", "application/json", true],
        ["415", "text/plain", true],
    ]);
    let expected =
        ["401 authentication_required", "413 payload_too_large", "415 unsupported_media_type"];
    let over = json!([["429", "application/json", true]]);
    for (cases, expected) in [(cases, &expected[..]), (over, &["429 rate_limit_exceeded"])] {
        let expected = expected.iter().flat_map(|line| [*line; 4]).collect::<Vec<_>>().join("\n");
        for (program, flag, script) in [("python3", "-c", PYTHON), ("node", "-e", NODE)] {
            let (host, token) = (host.clone(), owner.token().to_owned());
            let cases = cases.to_string();
            let told = tokio::task::spawn_blocking(move || {
                told_by(program, &[flag, script, &host, &token, &cases])
            });
            assert_eq!(told.await.unwrap(), expected, "{program}");
        }
    }
    assert_eq!(app.rows("SELECT COUNT(*) FROM projects"), [["0"]]);
    server.shutdown().await.unwrap();
}
