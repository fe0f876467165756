//! Requests and answers. Every answer is kept, because some checks look at all of them.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use reqwest::redirect::Policy;
use serde_json::Value;

/// The longest that a 429 makes the suite wait before it gives up.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// How often one request is sent again after a 429.
pub(crate) const RETRIES: u32 = 4;

/// A server, and every answer of it so far.
pub(crate) struct Server {
    /// The base URL, without a slash at the end.
    pub(crate) base: String,
    pub(crate) http: reqwest::Client,
    /// Headers that every request gets.
    extra: Vec<(String, String)>,
    answers: Mutex<Vec<Answer>>,
}

/// The header lines of a caller.
pub(crate) struct Identity(pub(crate) Vec<(String, String)>);

/// A request under construction.
pub(crate) struct Ask<'a> {
    pub(crate) server: &'a Server,
    pub(crate) method: Method,
    /// The path after the base URL, with its query.
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<String>,
    impatient: bool,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// The method and path of the request, for messages.
    pub(crate) asked: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// The body, or null if it is not JSON.
    pub(crate) body: Value,
    pub(crate) sent: Instant,
    pub(crate) at: Instant,
}

impl Server {
    pub(crate) fn new(base: &str, extra: Vec<(String, String)>) -> anyhow::Result<Self> {
        // A redirect is an answer for the checks to judge.
        let http = reqwest::Client::builder()
            .redirect(Policy::none())
            .timeout(Duration::from_secs(30))
            .build()?;
        let base = base.trim_end_matches('/').to_owned();
        Ok(Self { base, http, extra, answers: Mutex::default() })
    }

    fn keep(&self, answer: Answer) {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).push(answer);
    }

    /// Every answer so far.
    pub(crate) fn answers(&self) -> Vec<Answer> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl<'a> Ask<'a> {
    pub(crate) fn new(server: &'a Server, method: Method, path: &str) -> Self {
        let headers = server.extra.clone();
        Self { server, method, path: path.to_owned(), headers, body: None, impatient: false }
    }

    /// Sends the request as this caller.
    pub(crate) fn by(mut self, identity: &Identity) -> Self {
        self.headers.extend(identity.0.iter().cloned());
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.typed("application/json", body)
    }

    pub(crate) fn typed(mut self, media_type: &str, body: &Value) -> Self {
        self.body = Some(body.to_string());
        self.header("content-type", media_type)
    }

    pub(crate) fn text(mut self, body: Option<&str>) -> Self {
        self.body = body.map(str::to_owned);
        self
    }

    /// Returns a 429 to the caller. By default the suite waits and tries again, because a 429 says
    /// nothing about the request.
    pub(crate) fn impatient(mut self) -> Self {
        self.impatient = true;
        self
    }

    /// Waits after a 429 and tries again, which is the default.
    pub(crate) fn patient(mut self) -> Self {
        self.impatient = false;
        self
    }

    pub(crate) async fn send(self) -> anyhow::Result<Answer> {
        for _ in 0..RETRIES {
            let answer = self.once().await?;
            if answer.status != 429 || self.impatient {
                return Ok(answer);
            }
            self.wait(answer.retry_after()).await?;
        }
        anyhow::bail!("{} {} is answered 429 again and again", self.method, self.path)
    }

    /// Waits as long as a 429 said, or a while if it said nothing.
    pub(crate) async fn wait(&self, told: Option<Duration>) -> anyhow::Result<()> {
        let wait = told.unwrap_or(Duration::from_secs(5));
        let text = format!("{} {} was answered 429", self.method, self.path);
        anyhow::ensure!(wait <= LONGEST_WAIT, "{text} with a wait of {} s", wait.as_secs());
        eprintln!("{text}: waiting {} s", wait.as_secs());
        tokio::time::sleep(wait).await;
        Ok(())
    }

    async fn once(&self) -> anyhow::Result<Answer> {
        let asked = format!("{} {}", self.method, self.path);
        let url = format!("{}{}", self.server.base, self.path);
        let mut request = self.server.http.request(self.method.clone(), url);
        for (name, value) in &self.headers {
            request = request.header(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
        }
        if let Some(body) = &self.body {
            request = request.body(body.clone());
        }
        let sent = Instant::now();
        let response = request.send().await.with_context(|| format!("{asked} was not answered"))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let at = Instant::now();
        let text = response.bytes().await.with_context(|| format!("{asked} broke off"))?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        let answer = Answer { asked, status, headers, text, body, sent, at };
        self.server.keep(answer.clone());
        Ok(answer)
    }
}

impl Answer {
    pub(crate) fn success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The single value of a field, or `None` if it is absent or not text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// All lines of a field as one value (RFC 9110 section 5.2).
    pub(crate) fn joined(&self, name: &str) -> Option<String> {
        let lines = self.headers.get_all(name).iter();
        let lines: Vec<_> =
            lines.map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned()).collect();
        (!lines.is_empty()).then(|| lines.join(", "))
    }

    /// `Retry-After` as a duration from now, if it is valid.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        crate::fields::date::retry_after(self.header("retry-after")?).ok()
    }

    /// A text of the body by its JSON Pointer. A number counts as a text too.
    pub(crate) fn at(&self, pointer: &str) -> Option<String> {
        text_at(&self.body, pointer)
    }

    /// The request, the status, and the beginning of the body, for messages.
    pub(crate) fn seen(&self) -> String {
        let body: String = self.text.chars().take(160).collect();
        format!("{} was answered {} {body}", self.asked, self.status)
    }

    /// The answer, if it is a success.
    pub(crate) fn succeeded(self) -> anyhow::Result<Self> {
        anyhow::ensure!(self.success(), "{}", self.seen());
        Ok(self)
    }
}

/// A text or number of a document by its JSON Pointer.
pub(crate) fn text_at(document: &Value, pointer: &str) -> Option<String> {
    match document.pointer(pointer)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
