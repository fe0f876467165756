//! HTTP/1.1 by hand, one request for each connection, because a library would not send broken
//! answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::api::Api;
use super::faults::Fault;

pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: BTreeMap<String, String>,
    headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str())
    }
}

pub(super) struct Response {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
    /// Whether the body is sent where there must be none.
    pub(super) blunt: bool,
}

impl Response {
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// Starts the API and returns its base URL.
pub(super) async fn start(fault: Option<Fault>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let api = Arc::new(Api::new(fault));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let api = api.clone();
            // A client that leaves early harms no other.
            tokio::spawn(async move { serve(stream, &api).await.ok() });
        }
    });
    format!("http://{address}")
}

async fn serve(mut stream: TcpStream, api: &Api) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let request = loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
        if let Some(request) = parse(&String::from_utf8_lossy(&bytes)) {
            break request;
        }
    };
    let head = request.method == "HEAD";
    let response = api.answer(request).await;
    let mut text = format!("HTTP/1.1 {} X\r\nconnection: close\r\n", response.status);
    for (name, value) in &response.headers {
        text += &format!("{name}: {value}\r\n");
    }
    if response.status != 304 {
        text += &format!("content-length: {}\r\n", response.body.len());
    }
    text += "\r\n";
    if response.blunt || !(head || response.status == 304) {
        text += &response.body;
    }
    stream.write_all(text.as_bytes()).await?;
    stream.shutdown().await
}

fn parse(text: &str) -> Option<Request> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?);
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query = query.split('&').filter_map(|pair| pair.split_once('='));
    let query = query.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let body = body.to_owned();
    let request =
        Request { method, path: path.to_owned(), query, headers: headers.collect(), body };
    let length = request.header("content-length").and_then(|it| it.parse().ok());
    (request.body.len() >= length.unwrap_or(0)).then_some(request)
}
