//! Requests that a proxy before the server may have parsed differently (RFC 9112) are refused, and
//! the bytes after them on the connection are not answered.

use crate::support::raw::Raw;

/// A request that must never be answered after a request that is refused.
const NEXT: &str = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";

/// The head of a request with a body, and these fields.
fn login(fields: &str, body: &str) -> String {
    format!(
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
         {fields}\r\n{body}{NEXT}"
    )
}

transport! {
    /// The length of a body must be given in exactly one way.
    async fn lengths(app) {
        for fields in [
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: nonsense\r\n",
            "Transfer-Encoding: chunked, identity\r\n",
            "Transfer-Encoding: identity, chunked\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: chunked, chunked\r\n",
            "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: xchunked\r\n",
            "Transfer-Encoding: \"chunked\"\r\n",
            "Transfer-Encoding:\r\n chunked\r\n",
            "Transfer-Encoding: \u{b}chunked\r\n",
            "Transfer-Encoding : chunked\r\n",
            "X: y\r\n Transfer-Encoding: chunked\r\n",
            "Content-Length: 5\r\nContent-Length: 6\r\n",
            "Content-Length: 5, 5\r\n",
            "Content-Length: 5,6\r\n",
            "Content-Length: +5\r\n",
            "Content-Length: -5\r\n",
            "Content-Length: 0x5\r\n",
            "Content-Length: \r\n",
            "Content-Length: 5 5\r\n",
            "Content-Length: 18446744073709551621\r\n",
            "Content-Length : 5\r\n",
            "Content-Length\t: 5\r\n",
        ] {
            let answer = Raw::send(&app, login(fields, "0\r\n\r\n").as_bytes()).await;
            assert_eq!(answer.statuses(), [400], "{fields:?}: {}", answer.0);
        }
    }

    /// A body with a huge length is refused as too long, however the length is written.
    async fn long_bodies(app) {
        for length in ["1048577", "9223372036854775807", "9223372036854775808", "18446744073709551613"] {
            let answer = Raw::send(&app, login(&format!("Content-Length: {length}\r\n"), "{}").as_bytes()).await;
            assert_eq!(answer.statuses(), [413], "{length}: {}", answer.0);
        }
    }

    /// Lines end with CR and LF, and contain neither these nor NUL.
    async fn lines(app) {
        for request in [
            "GET /healthz HTTP/1.1\nHost: a\r\n\r\n",
            "GET /healthz HTTP/1.1\r\nHost: a\n\r\n",
            "GET /healthz HTTP/1.1\r\nHost: a\r\nX: y\nZ: w\r\n\r\n",
            "GET /healthz HTTP/1.1\r\nHost: a\r\n\n",
            "\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /healthz HTTP/1.1\r\nHost: a\r\nX: y\rZ: w\r\n\r\n",
            "GET /healthz HTTP/1.1\rHost: a\r\n\r\n",
            "GET /healthz HTTP/1.1\r\nHost: a\r\nX: y\0z\r\n\r\n",
            "GET /healthz HTTP/1.1\r\nHost: a\r\nX\0: y\r\n\r\n",
            "GET /healthz HTTP/1.1\r\nHost: a\r\n: y\r\n\r\n",
            "GET /healthz HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
        ] {
            let answer = Raw::send(&app, format!("{request}{NEXT}").as_bytes()).await;
            assert_eq!(answer.statuses(), [400], "{request:?}: {}", answer.0);
        }
    }

    /// A request is for one server, and its target has a form of RFC 9112 section 3.2.
    async fn targets_and_hosts(app) {
        for request in [
            "GET /healthz HTTP/1.1\r\n\r\n",
            "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
            "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "GET /healthz HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
            "GET /healthz HTTP/1.1\r\nHost:\r\n\r\n",
            "GET /healthz HTTP/1.1\r\nHost: a, b\r\n\r\n",
            "GET /healthz HTTP/1.1\r\nHost: u@a\r\n\r\n",
            "GET /healthz HTTP/1.1\r\nHost: a/b\r\n\r\n",
            "GET http://b/healthz HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET http://a@b/healthz HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /health z HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET  /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /healthz  HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /healthz#part HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET healthz HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /healthz HTTP/1.9\r\nHost: a\r\n\r\n",
            "GET /healthz\r\nHost: a\r\n\r\n",
            "G(T /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
        ] {
            let answer = Raw::send(&app, format!("{request}{NEXT}").as_bytes()).await;
            assert_eq!(answer.statuses(), [400], "{request:?}: {}", answer.0);
        }
    }

    /// If chunks are malformed, then there is no login, and the rest is not read as a request.
    async fn chunks(app) {
        for body in [
            "5;\n\r\nhello\r\n0\r\n\r\n",
            "g\r\n",
            "0x5\r\nhello\r\n0\r\n\r\n",
            "-1\r\n",
            "10000000000000000\r\n",
            "fffffffffffffffff\r\n",
            "5\r\nhelloX\r\n0\r\n\r\n",
            "5\nhello\r\n0\r\n\r\n",
            "\r\n0\r\n\r\n",
        ] {
            let answer = Raw::send(&app, login("Transfer-Encoding: chunked\r\n", body).as_bytes()).await;
            let statuses = answer.statuses();
            assert!(statuses.is_empty() || statuses == [400], "{body:?}: {}", answer.0);
        }
    }

    /// Correct requests work: several of them in one piece, and a chunked one, after which the
    /// connection ends.
    async fn pipelines(app) {
        let closing = NEXT.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
        let wrong = login("Content-Length: 2\r\n", "{}");
        let answer = Raw::send(&app, format!("\r\n{NEXT}{wrong}{closing}").as_bytes()).await;
        assert_eq!(answer.statuses(), [200, 422, 200, 200], "{}", answer.0);
        let chunked = login("transfer-encoding: Chunked\r\n", "2;x=y\r\n{}\r\n0\r\n\r\n");
        let answer = Raw::send(&app, chunked.as_bytes()).await;
        assert_eq!(answer.statuses(), [422], "{}", answer.0);
        assert_eq!(answer.header("connection"), Some("close"));
        let absolute = "GET http://A:80/healthz HTTP/1.1\r\nHost: a:80\r\nConnection: close\r\n\r\n";
        assert_eq!(Raw::send(&app, absolute.as_bytes()).await.statuses(), [200]);
        let old = Raw::send(&app, b"GET /healthz HTTP/1.0\r\n\r\n").await;
        assert_eq!(old.statuses(), [200], "{}", old.0);
        let tunnel = "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\nConnection: close\r\n\r\n";
        assert_eq!(Raw::send(&app, tunnel.as_bytes()).await.statuses(), [501]);
    }
}
