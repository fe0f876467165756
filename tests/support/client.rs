//! A client that checks every exchange against the contract.

use std::net::IpAddr;

use http::Method;
use serde_json::Value;

use super::contract;
use super::exchange::Exchange;

/// A client of one server. Tests name it after the caller that it stands for.
#[derive(Clone)]
pub struct Client {
    base: String,
    token: Option<String>,
    http: reqwest::Client,
    /// The answer to the registration, or null for other clients.
    pub session: Value,
}

impl Client {
    pub fn new(base: &str, token: Option<&str>) -> Self {
        Self {
            base: base.to_owned(),
            token: token.map(str::to_owned),
            // A redirect is an answer for the test to check.
            http: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
            session: Value::Null,
        }
    }

    /// The same client at 127.0.0.`last`, and so in a network of its own.
    pub fn at(self, last: u8) -> Self {
        let builder = reqwest::Client::builder().local_address(IpAddr::from([127, 0, 0, last]));
        let http = builder.redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { http, ..self }
    }

    /// The inner HTTP client, for bodies that are not JSON.
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    pub fn of(self, session: Value) -> Self {
        Self { session, ..self }
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap()
    }

    /// A client of the same server with another token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    pub fn tenant(&self) -> &str {
        self.session["tenant"]["id"].as_str().unwrap()
    }

    pub async fn get(&self, path: &str) -> Exchange {
        self.send(Method::GET, path, &[], None).await
    }

    /// The events of the tenant, which a refusal must leave unchanged. Events of audit entries
    /// about refusals are left out.
    pub async fn feed(&self) -> Vec<Value> {
        let page = self.get("/api/v1/events?limit=100").await.expect(200);
        let items = page.body["items"].as_array().unwrap().iter();
        items.filter(|event| event["data"]["action_type"] != "access.refused").cloned().collect()
    }

    pub async fn delete(&self, path: &str) -> Exchange {
        self.send(Method::DELETE, path, &[], None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Exchange {
        self.json(Method::POST, path, body, &[]).await
    }

    /// Replaces the object at any version.
    pub async fn put(&self, path: &str, body: &Value) -> Exchange {
        self.json(Method::PUT, path, body, &[("if-match", "*")]).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Exchange {
        let headers = [("content-type", "application/merge-patch+json")];
        self.send(Method::PATCH, path, &headers, Some(body.to_string())).await
    }

    pub async fn json(
        &self,
        method: Method,
        path: &str,
        body: &Value,
        headers: &[(&str, &str)],
    ) -> Exchange {
        let mut all = vec![("content-type", "application/json")];
        all.extend(headers);
        self.send(method, path, &all, Some(body.to_string())).await
    }

    pub async fn form(&self, path: &str, body: &str, headers: &[(&str, &str)]) -> Exchange {
        let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
        all.extend(headers);
        self.send(Method::POST, path, &all, Some(body.to_owned())).await
    }

    /// Sends any request, and checks the answer against the contract.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Exchange {
        let exchange = self.try_send(method, path, headers, body).await.unwrap();
        contract::check(&exchange);
        exchange
    }

    /// As [`Client::send`], for servers that may die during the request.
    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> reqwest::Result<Exchange> {
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = &body {
            request = request.body(body.clone());
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        if status < 400 {
            contract::note(&method, path);
        }
        let text = response.text().await?;
        Ok(Exchange {
            method,
            path: path.to_owned(),
            sent: body,
            status,
            headers,
            body: serde_json::from_str(&text).unwrap_or(Value::Null),
            text,
        })
    }
}
