//! What is asked of a provider: tokens, and to take them back.

use std::borrow::Cow;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::future::{Either, select};
use http::header::CONTENT_LENGTH;
use http_body_util::{BodyExt as _, Full, Limited};
use oauth2::basic::{BasicErrorResponse, BasicTokenResponse};
use oauth2::{
    AuthorizationCode, HttpRequest, HttpResponse, PkceCodeVerifier, RedirectUrl, RefreshToken,
    RequestTokenError,
};
use url::form_urlencoded;

use super::connection::Tokens;
use super::provider::{Method, Provider};

/// How long a provider may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of an answer at most.
const MOST: usize = 65_536;

/// Why there are no tokens.
pub(super) enum Refusal {
    /// The provider says no, with this code.
    Provider(String),
    /// It does not answer, or nothing that can be understood.
    Unreachable(&'static str),
}

impl Provider {
    /// Tokens for a code.
    pub(super) async fn exchange(
        &self,
        code: String,
        redirect_uri: String,
        verifier: String,
    ) -> Result<BasicTokenResponse, Refusal> {
        let redirect_uri =
            RedirectUrl::new(redirect_uri).map_err(|_| Refusal::Unreachable("redirect_uri"))?;
        self.client()
            .exchange_code(AuthorizationCode::new(code))
            .set_redirect_uri(Cow::Owned(redirect_uri))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier))
            .request_async(&send)
            .await
            .map_err(Refusal::from)
    }

    /// Fresh tokens.
    pub(super) async fn refresh(&self, token: &str) -> Result<BasicTokenResponse, Refusal> {
        self.client()
            .exchange_refresh_token(&RefreshToken::new(token.to_owned()))
            .request_async(&send)
            .await
            .map_err(Refusal::from)
    }

    /// Takes back what was granted (RFC 7009), where the provider has a way. Not by the library,
    /// which knows no provider on this machine, as one has in development.
    pub(super) async fn revoke(&self, tokens: &Tokens) -> Result<(), &'static str> {
        let Some(url) = &self.revocation_endpoint else { return Ok(()) };
        let mut form = form_urlencoded::Serializer::new(String::new());
        match &tokens.refresh_token {
            Some(token) => {
                form.append_pair("token", token).append_pair("token_type_hint", "refresh_token")
            }
            None => form.append_pair("token", &tokens.access_token),
        };
        let mut request = http::Request::post(url.as_str())
            .header("content-type", "application/x-www-form-urlencoded");
        match (&self.client_secret, self.token_endpoint_auth_method) {
            (Some(secret), Method::ClientSecretBasic) => {
                let encode = |text: &str| {
                    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>()
                };
                let pair = format!("{}:{}", encode(&self.client_id), encode(secret.secret()));
                request =
                    request.header("authorization", format!("Basic {}", STANDARD.encode(pair)));
            }
            (Some(secret), Method::ClientSecretPost) => {
                form.append_pair("client_id", &self.client_id)
                    .append_pair("client_secret", secret.secret());
            }
            (None, _) => {
                form.append_pair("client_id", &self.client_id);
            }
        }
        let request = request.body(form.finish().into_bytes()).map_err(|_| "request")?;
        match send(request).await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(_) => Err("refused"),
            Err(Failed(why)) => Err(why),
        }
    }
}

impl From<RequestTokenError<Failed, BasicErrorResponse>> for Refusal {
    fn from(error: RequestTokenError<Failed, BasicErrorResponse>) -> Self {
        let said = |answer: &BasicErrorResponse| {
            let code: String = answer.error().as_ref().chars().take(100).collect();
            Self::Provider(code)
        };
        match error {
            RequestTokenError::ServerResponse(answer) => said(&answer),
            RequestTokenError::Request(Failed(why)) => Self::Unreachable(why),
            // GitHub says no with the status 200.
            RequestTokenError::Parse(_, body) => match serde_json::from_slice(&body) {
                Ok(answer) => said(&answer),
                Err(_) => Self::Unreachable("unreadable"),
            },
            RequestTokenError::Other(_) => Self::Unreachable("unreadable"),
        }
    }
}

/// A request that got no answer.
#[derive(Debug)]
struct Failed(&'static str);

impl std::fmt::Display for Failed {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str(self.0)
    }
}

impl std::error::Error for Failed {}

/// One request; redirects are not followed.
async fn send(request: HttpRequest) -> Result<HttpResponse, Failed> {
    // Without its length the body goes out in chunks, which some servers refuse.
    let length = request.body().len();
    let mut request = request.map(|body| Full::new(Bytes::from(body)));
    request.headers_mut().insert(CONTENT_LENGTH, length.into());
    let answer = async {
        let response = spin_sdk::http::send(request).await.map_err(|_| Failed("unreachable"))?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, MOST).collect().await.map_err(|_| Failed("unreadable"))?;
        Ok(HttpResponse::from_parts(parts, body.to_bytes().into()))
    };
    let timer = std::pin::pin!(spin_sdk::time::sleep(TIMEOUT));
    match select(std::pin::pin!(answer), timer).await {
        Either::Left((answer, _)) => answer,
        Either::Right(_) => Err(Failed("timeout")),
    }
}
