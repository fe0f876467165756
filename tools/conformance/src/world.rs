//! The server under test as the checks see it: who may call, the collection and its objects.

use anyhow::Context;
use http::Method;
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::client::{Answer, Ask, Identity, Server, text_at};
use crate::target::{Collection, Target, fill, unique};

/// The callers that a run may have: two separate ones, and one whose quota is used up.
const CALLERS: usize = 3;

/// The number of pages after which a walk counts as endless.
pub(crate) const PAGES: usize = 1000;

/// The server under test with its description and its callers.
pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) target: Target,
    callers: [OnceCell<Identity>; CALLERS],
}

/// A page of the collection.
pub(crate) struct Page {
    pub(crate) ids: Vec<String>,
    pub(crate) items: Vec<Value>,
    pub(crate) next: Option<String>,
    pub(crate) answer: Answer,
}

impl World {
    pub(crate) fn new(
        base: &str,
        target: Target,
        extra: Vec<(String, String)>,
    ) -> anyhow::Result<Self> {
        Ok(Self { server: Server::new(base, extra)?, target, callers: Default::default() })
    }

    pub(crate) fn ask(&self, method: Method, path: &str) -> Ask<'_> {
        Ask::new(&self.server, method, path)
    }

    pub(crate) fn get(&self, path: &str) -> Ask<'_> {
        self.ask(Method::GET, path)
    }

    /// The caller of most checks. If the description has no identities, all requests are anonymous.
    pub(crate) async fn first(&self) -> anyhow::Result<&Identity> {
        Ok(self.caller(0).await?.expect("there is always a first caller"))
    }

    /// Another caller, if the description has one.
    pub(crate) async fn second(&self) -> anyhow::Result<Option<&Identity>> {
        self.caller(1).await
    }

    /// A caller whose quota no other check needs, if new callers can be made.
    pub(crate) async fn fresh(&self) -> anyhow::Result<Option<&Identity>> {
        match self.target.identity.register {
            Some(_) => self.caller(2).await,
            None => Ok(None),
        }
    }

    async fn caller(&self, number: usize) -> anyhow::Result<Option<&Identity>> {
        let identities = &self.target.identity;
        let known = identities.fixed.get(number).is_some() || identities.register.is_some();
        if !known && number > 0 {
            return Ok(None);
        }
        self.callers[number].get_or_try_init(|| self.make(number)).await.map(Some)
    }

    async fn make(&self, number: usize) -> anyhow::Result<Identity> {
        let identities = &self.target.identity;
        if let Some(lines) = identities.fixed.get(number) {
            return Ok(Identity(lines.iter().map(|line| split(line)).collect::<Result<_, _>>()?));
        }
        let Some(register) = &identities.register else { return Ok(Identity(Vec::new())) };
        let body = fill(&register.body, &unique());
        let answer = self.ask(Method::POST, &register.path).json(&body).send().await?;
        let answer = answer.succeeded().context("a caller could not be registered")?;
        let token = answer.at(&register.token);
        let token = token.with_context(|| format!("no token at {}", register.token))?;
        Ok(Identity(vec![split(&register.header.replace("{{token}}", &token))?]))
    }

    /// A request that makes an object, without a key.
    pub(crate) fn creation(&self, list: &Collection, unique: &str) -> Ask<'_> {
        self.ask(Method::POST, &list.path).json(&fill(&list.body, unique))
    }

    /// Makes an object and returns its id.
    pub(crate) async fn create(
        &self,
        list: &Collection,
        by: &Identity,
        unique: &str,
    ) -> anyhow::Result<String> {
        let answer = self.creation(list, unique).by(by).send().await?.succeeded()?;
        list.id_in(&answer).with_context(|| format!("no id at {}: {}", list.id, answer.text))
    }

    /// A page of the collection. `query` is without the question mark.
    pub(crate) async fn page(
        &self,
        list: &Collection,
        by: &Identity,
        query: &str,
    ) -> anyhow::Result<Page> {
        let path = match query {
            "" => list.path.clone(),
            query => format!("{}?{query}", list.path),
        };
        let answer = self.get(&path).by(by).send().await?.succeeded()?;
        read_page(list, answer)
    }

    /// The number of objects that contain the text.
    pub(crate) async fn count(
        &self,
        list: &Collection,
        by: &Identity,
        unique: &str,
    ) -> anyhow::Result<usize> {
        if let Some(find) = &list.find {
            let answer = self.get(&find.replace("{{unique}}", unique)).by(by).send().await?;
            return Ok(holding(&read_page(list, answer.succeeded()?)?.items, unique));
        }
        let mut count = 0;
        let mut query = String::new();
        for _ in 0..PAGES {
            let page = self.page(list, by, &query).await?;
            count += holding(&page.items, unique);
            let Some(next) = page.next else { return Ok(count) };
            query = format!("{}={}", list.cursor_parameter, escape(&next));
        }
        anyhow::bail!("{} does not end after {PAGES} pages", list.path)
    }
}

fn holding(items: &[Value], unique: &str) -> usize {
    items.iter().filter(|item| item.to_string().contains(unique)).count()
}

/// Parses the answer of a list.
pub(crate) fn read_page(list: &Collection, answer: Answer) -> anyhow::Result<Page> {
    let items = answer.body.pointer(&list.items).and_then(Value::as_array).cloned();
    let items = items.with_context(|| format!("no list at {}: {}", list.items, answer.text))?;
    let ids = items.iter().map(|item| text_at(item, &list.id).unwrap_or_default()).collect();
    let next = list.cursor.as_ref().and_then(|pointer| answer.at(pointer));
    Ok(Page { ids, items, next: next.filter(|next| !next.is_empty()), answer })
}

/// A header line as name and value.
pub(crate) fn split(line: &str) -> anyhow::Result<(String, String)> {
    let (name, value) = line.split_once(':').with_context(|| format!("`{line}` has no colon"))?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// A value, escaped for a query.
pub(crate) fn escape(value: &str) -> String {
    value
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}
