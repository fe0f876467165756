//! The authorization servers at which the operator has registered this server as a client.

use std::borrow::Cow;
use std::collections::BTreeMap;

use kit::{Error, target};
use oauth2::basic::BasicClient;
use oauth2::{
    AuthUrl, ClientId, ClientSecret, CsrfToken, PkceCodeChallenge, RedirectUrl, RevocationUrl,
    Scope, TokenUrl,
};
use serde::Deserialize;

use crate::grant;

/// The registration of this server at one provider. The names of the members are those of RFC 7591
/// and RFC 8414.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Provider {
    authorization_endpoint: AuthUrl,
    pub(super) token_endpoint: TokenUrl,
    pub(super) revocation_endpoint: Option<RevocationUrl>,
    issuer: Option<String>,
    pub(super) client_id: ClientId,
    pub(super) client_secret: Option<ClientSecret>,
    #[serde(default)]
    pub(super) token_endpoint_auth_method: Method,
    redirect_uris: Vec<RedirectUrl>,
    scope: Option<String>,
    /// Further parameters of the authorization endpoint, such as `access_type` of Google.
    #[serde(default)]
    authorization_parameters: BTreeMap<String, String>,
}

/// How this server authenticates at the token endpoint.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Method {
    #[default]
    ClientSecretBasic,
    ClientSecretPost,
}

/// The providers, by the names that the operator has given them.
pub(crate) struct Providers(BTreeMap<String, Provider>);

impl Providers {
    /// Reads the setting `oauth_providers`; blank text is no provider.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = if text.is_empty() { "{}" } else { text };
        let all: BTreeMap<String, Provider> =
            serde_json::from_str(text).map_err(|why| why.to_string())?;
        for (name, provider) in &all {
            let urls = [
                Some(provider.authorization_endpoint.as_str()),
                Some(provider.token_endpoint.as_str()),
                provider.revocation_endpoint.as_ref().map(|url| url.as_str()),
            ];
            for url in urls.into_iter().flatten() {
                target::parse_operator_url(url, kit::in_development())
                    .map_err(|why| format!("{name}: {url}: {why}"))?;
            }
            if provider.redirect_uris.is_empty() {
                return Err(format!("{name}: redirect_uris is empty"));
            }
        }
        Ok(Self(all))
    }

    /// The provider with this name.
    ///
    /// # Errors
    /// 422 if the operator has set no provider of this name.
    pub(super) fn find(&self, name: &str) -> kit::Result<&Provider> {
        self.0.get(name).ok_or_else(|| {
            let names: Vec<_> = self.0.keys().map(String::as_str).collect();
            Error::violation(
                "/provider",
                "NOT_ALLOWED_VALUE",
                &match names.is_empty() {
                    true => "The operator of this server has set no `oauth_providers`.".to_owned(),
                    false => {
                        format!("Must be one that the operator has set: {}.", names.join(", "))
                    }
                },
            )
        })
    }
}

impl Provider {
    /// The registered redirect URI that equals the client's letter for letter (RFC 9700 section
    /// 2.1). If the client names none, then the first one.
    ///
    /// # Errors
    /// 422 if the client's URI is not registered.
    pub(super) fn redirect_uri(&self, wanted: Option<&str>) -> kit::Result<&RedirectUrl> {
        let fits = |uri: &&RedirectUrl| wanted.is_none_or(|wanted| wanted == uri.as_str());
        self.redirect_uris.iter().find(fits).ok_or_else(|| {
            let all: Vec<_> = self.redirect_uris.iter().map(|uri| uri.as_str()).collect();
            let message = format!("Must be one that is registered: {}.", all.join(", "));
            Error::violation("/redirect_uri", "NOT_ALLOWED_VALUE", &message)
        })
    }

    /// The URL to which the user is sent, and the `state` that comes back with them.
    pub(super) fn authorization_url(
        &self,
        redirect_uri: &RedirectUrl,
        scope: Option<&str>,
        challenge: PkceCodeChallenge,
    ) -> (String, CsrfToken) {
        let client = BasicClient::new(self.client_id.clone())
            .set_auth_uri(self.authorization_endpoint.clone());
        let mut request = client
            .authorize_url(CsrfToken::new_random)
            .set_redirect_uri(Cow::Borrowed(redirect_uri))
            .set_pkce_challenge(challenge);
        if let Some(scope) = scope.or(self.scope.as_deref()) {
            request = request.add_scope(Scope::new(grant::scopes([scope])));
        }
        for (name, value) in &self.authorization_parameters {
            request = request.add_extra_param(name, value);
        }
        let (url, state) = request.url();
        (url.into(), state)
    }

    /// Whether the issuer in an authorization response may be this provider. If the operator has
    /// set the issuer and the response has one, then both must be equal (RFC 9207 section 2.4).
    pub(super) fn is_issuer(&self, claimed: Option<&str>) -> bool {
        match (&self.issuer, claimed) {
            (Some(issuer), Some(claimed)) => issuer == claimed,
            _ => true,
        }
    }
}
