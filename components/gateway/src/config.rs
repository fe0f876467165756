//! The gateway's settings: Spin variables of the component, which are read once.

use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;

use crate::cors::Origin;
use crate::key_set::Verifier;
use crate::lifecycle::Lifecycle;
use crate::limits::Quota;
use crate::proxies::Proxy;
use crate::{Operation, Platform, nearness};

/// The quota of an address, unless a variable sets another one.
const ADDRESS: Quota = Quota::per_minute(600);

/// The settings of a gateway, after validation.
pub(crate) struct Config {
    /// The quota of an address, before authentication.
    pub(crate) address_quota: Quota,
    /// The quotas of an identity, by class of the contract.
    pub(crate) quotas: HashMap<String, Quota>,
    /// The classes whose requests are refused if the store does not answer. Requests of other
    /// classes are then counted in the memory of the gateway.
    pub(crate) fail_closed: Vec<String>,
    /// The largest body, in bytes.
    pub(crate) body_limit: usize,
    /// Origins from which a browser may call, compared exactly.
    pub(crate) origins: Vec<Origin>,
    /// Proxies whose `X-Forwarded-For` is believed (K-79).
    pub(crate) proxies: Vec<Proxy>,
    /// The URL of this server for clients, without a slash at the end. It is the base of absolute
    /// links (K-27).
    pub(crate) public_url: String,
    /// Whether `public_url` is on this machine.
    pub(crate) is_here: bool,
    /// The deprecated versions and operations, and those that have reached their sunset.
    pub(crate) lifecycle: Lifecycle,
    /// The name of the component in `/v1/{service}/…`; empty if that form is not served.
    pub(crate) service: String,
    /// `iss` of the tokens that are accepted.
    pub(crate) issuer: String,
    /// `aud` of the tokens that are accepted.
    pub(crate) audience: String,
    /// Verifies the published keys. Without it, no caller with a token is let in.
    pub(crate) keys_verifier: Option<Verifier>,
    /// Seconds for which a stored response is kept (A-42: at least a day).
    pub(crate) idempotency_retention: u64,
    /// Whether reads may go to a replica of the database.
    pub(crate) has_replicas: bool,
    /// Seconds after a write during which its caller reads from the writer.
    pub(crate) read_own_writes: u64,
    /// The scheduler's credential; empty if there is none.
    pub(crate) tick_token: String,
    /// The lease of a reservation, in seconds. If the request has vanished, then another one may
    /// take the reservation over after it.
    pub(crate) idempotency_lease: u64,
}

impl Config {
    /// Reads the settings. The operations say which classes of limits there are.
    pub(crate) async fn load<P: Platform>(
        platform: &P,
        operations: &[Operation],
    ) -> Result<Self, String> {
        let settings = Settings(platform);
        let mut quotas = HashMap::new();
        for limit in operations.iter().map(|operation| &operation.limit) {
            if !quotas.contains_key(&limit.class) {
                let quota = settings.quota(&limit.class, Quota::of(limit)).await?;
                quotas.insert(limit.class.clone(), quota);
            }
        }
        let public_url = settings.text("public_url", "http://127.0.0.1:3000").await;
        Ok(Self {
            address_quota: settings.quota("ip", ADDRESS).await?,
            quotas,
            fail_closed: settings.list("limit_fail_closed").await?,
            body_limit: settings.number("body_limit_bytes", 1_048_576, 1).await? as usize,
            origins: settings.list("cors_allowed_origins").await?,
            proxies: settings.list("trusted_proxies").await?,
            is_here: nearness::is_here(public_url.trim()),
            public_url: public_url.trim_end_matches('/').to_owned(),
            lifecycle: Lifecycle::parse(&settings.text("api_lifecycle", "").await)
                .map_err(|why| format!("variable api_lifecycle: {why}"))?,
            service: settings.text("service_name", "").await,
            issuer: settings.text("token_issuer", "tenantry").await,
            audience: settings.text("token_audience", "tenantry").await,
            keys_verifier: settings.verifier().await?,
            idempotency_retention: u64::from(
                settings.number("idempotency_retention_seconds", 86_400, 86_400).await?,
            ),
            has_replicas: settings.is_set("postgres_reader_url").await
                || settings.is_set("postgres_own_reader_url").await,
            read_own_writes: u64::from(settings.number("read_own_writes_seconds", 5, 1).await?),
            tick_token: settings.text("tick_token", "").await,
            idempotency_lease: u64::from(
                settings.number("idempotency_lease_seconds", 60, 1).await?,
            ),
        })
    }
}

struct Settings<'a, P>(&'a P);

impl<P: Platform> Settings<'_, P> {
    async fn text(&self, name: &str, default: &str) -> String {
        match self.0.variable(name).await {
            Some(value) if !value.is_empty() => value,
            _ => default.to_owned(),
        }
    }

    async fn number(&self, name: &str, default: u32, least: u32) -> Result<u32, String> {
        let text = self.text(name, &default.to_string()).await;
        match text.parse() {
            Ok(number) if number >= least => Ok(number),
            _ => {
                Err(format!("variable {name}: '{text}' is not a whole number of at least {least}"))
            }
        }
    }

    /// The quota of a class: from a variable, else `default`, which is that of the contract.
    async fn quota(&self, class: &str, default: Quota) -> Result<Quota, String> {
        let name = format!("limit_{class}_per_minute");
        match self.0.variable(&name).await.filter(|text| !text.is_empty()) {
            None => Ok(default),
            Some(text) => text.parse().map_err(|why| format!("variable {name}: '{text}' {why}")),
        }
    }

    async fn is_set(&self, name: &str) -> bool {
        !self.text(name, "").await.trim().is_empty()
    }

    async fn verifier(&self) -> Result<Option<Verifier>, String> {
        let text = self.text("keys_verifier", "").await;
        let read = (!text.is_empty()).then(|| text.parse());
        read.transpose().map_err(|why| format!("variable keys_verifier: '{text}' {why}"))
    }

    async fn list<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Vec<T>, String> {
        let text = self.text(name, "").await;
        text.split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(|item| item.parse().map_err(|why| format!("variable {name}: '{item}' {why}")))
            .collect()
    }
}
