//! Raw bytes to a server and back, for requests that no HTTP client would send.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::App;

/// The bytes that came back until the server closed the connection.
pub struct Raw(pub String);

impl Raw {
    /// Sends these bytes at once. The server must close the connection by itself, so the request
    /// has to ask for that or give a reason.
    pub async fn send(app: &App, bytes: &[u8]) -> Self {
        let address = app.base.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut all = Vec::new();
        let read = stream.read_to_end(&mut all);
        // A reset is an end too: the server has not read the bytes that it refused.
        let ended = tokio::time::timeout(std::time::Duration::from_secs(20), read).await;
        assert!(ended.is_ok(), "the connection stays open after {:?}", show(bytes));
        Self(show(&all))
    }

    /// Sends a GET of this target without normalizing it.
    pub async fn get(app: &App, target: &str) -> Self {
        let head = format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        Self::send(app, head.as_bytes()).await
    }

    /// The statuses of all answers.
    pub fn statuses(&self) -> Vec<u16> {
        let heads = self.0.split("HTTP/1.").skip(1);
        heads.map(|answer| answer[2..5].parse().unwrap()).collect()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let (head, _) = self.0.split_once("\r\n\r\n")?;
        let mut fields = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        fields.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

fn show(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
