//! Requests to a provider: for tokens, and to revoke them.
//!
//! The OAuth library does not send them. It reads answers more strictly than providers write them.
//! It also does not support a provider on this machine, as there is in development.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::future::{Either, select};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use http_body_util::{BodyExt as _, Full, Limited};
use spin_sdk::wasip3::http::types::ErrorCode;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::connection::Tokens;
use super::provider::{Method, Provider};
use crate::grant::{self, Grant};

/// How long a provider may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The most bytes of an answer.
const MAX_BODY: usize = 65_536;

/// Why there are no tokens.
pub(super) enum Refusal {
    /// The provider answered with a refusal.
    Answered(grant::Refusal),
    /// The provider was not reached, so the code or refresh token is still valid.
    Unreachable(&'static str),
    /// The provider may have been reached, but its answer is lost.
    Lost(&'static str),
}

impl Provider {
    /// Exchanges a code for tokens (RFC 6749 section 4.1.3, RFC 7636 section 4.5).
    pub(super) async fn exchange(
        &self,
        code: &str,
        redirect_uri: &str,
        verifier: &str,
    ) -> Result<Grant, Refusal> {
        self.tokens(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier),
        ])
        .await
    }

    /// Refreshes the tokens (RFC 6749 section 6).
    pub(super) async fn refresh(&self, token: &str) -> Result<Grant, Refusal> {
        self.tokens(&[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    async fn tokens(&self, form: &[(&str, &str)]) -> Result<Grant, Refusal> {
        let answer = self.post_form(self.token_endpoint.url(), form).await?;
        let retry_after = answer.headers().get(RETRY_AFTER).and_then(|text| text.to_str().ok());
        grant::read(answer.status().as_u16(), retry_after, answer.body()).map_err(Refusal::Answered)
    }

    /// Revokes the tokens (RFC 7009), if the provider has a revocation endpoint.
    pub(super) async fn revoke(&self, tokens: &Tokens) -> Result<(), &'static str> {
        let Some(endpoint) = &self.revocation_endpoint else { return Ok(()) };
        let refresh = tokens
            .refresh_token
            .as_deref()
            .map(|token| vec![("token", token), ("token_type_hint", "refresh_token")]);
        let form = refresh.unwrap_or_else(|| vec![("token", tokens.access_token.as_str())]);
        match self.post_form(endpoint.url(), &form).await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(_) | Err(Refusal::Answered(_)) => Err("refused"),
            Err(Refusal::Unreachable(why) | Refusal::Lost(why)) => Err(why),
        }
    }

    /// Sends a form, with this client authenticated as in RFC 6749 section 2.3.1.
    async fn post_form(
        &self,
        url: &url::Url,
        pairs: &[(&str, &str)],
    ) -> Result<http::Response<Bytes>, Refusal> {
        let mut form = Serializer::new(String::new());
        form.extend_pairs(pairs);
        let mut request = http::Request::post(url.as_str())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json");
        match (&self.client_secret, self.token_endpoint_auth_method) {
            (Some(secret), Method::ClientSecretBasic) => {
                let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
                let pair = format!("{}:{}", encode(&self.client_id), encode(secret.secret()));
                request = request.header(AUTHORIZATION, format!("Basic {}", STANDARD.encode(pair)));
            }
            (Some(secret), Method::ClientSecretPost) => {
                form.append_pair("client_id", &self.client_id)
                    .append_pair("client_secret", secret.secret());
            }
            (None, _) => {
                form.append_pair("client_id", &self.client_id);
            }
        }
        let body = form.finish();
        // Without this header the body is sent in chunks, which some servers refuse.
        let request = request
            .header(CONTENT_LENGTH, body.len())
            .body(Full::new(Bytes::from(body)))
            .map_err(|_| Refusal::Unreachable("request"))?;
        send(request).await
    }
}

/// Sends one request. Redirects are not followed.
async fn send(request: http::Request<Full<Bytes>>) -> Result<http::Response<Bytes>, Refusal> {
    let answer = async {
        let response = spin_sdk::http::send(request).await.map_err(|code| match code {
            ErrorCode::ConnectionRefused
            | ErrorCode::ConnectionTimeout
            | ErrorCode::DestinationIpProhibited
            | ErrorCode::DestinationIpUnroutable
            | ErrorCode::DestinationNotFound
            | ErrorCode::DestinationUnavailable
            | ErrorCode::DnsError(_)
            | ErrorCode::DnsTimeout
            | ErrorCode::HttpRequestDenied
            | ErrorCode::TlsAlertReceived(_)
            | ErrorCode::TlsCertificateError
            | ErrorCode::TlsProtocolError => Refusal::Unreachable("unreachable"),
            _ => Refusal::Lost("no answer"),
        })?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, MAX_BODY).collect().await;
        let body = body.map_err(|_| Refusal::Lost("the answer broke off, or is too large"))?;
        Ok(http::Response::from_parts(parts, body.to_bytes()))
    };
    let timer = std::pin::pin!(spin_sdk::time::sleep(TIMEOUT));
    match select(std::pin::pin!(answer), timer).await {
        Either::Left((answer, _)) => answer,
        Either::Right(_) => Err(Refusal::Lost("timeout")),
    }
}
