//! `POST /auth/token`: the token endpoint of RFC 6749, for client credentials (section 4.4) and
//! refresh tokens (section 6).
//!
//! A refresh token can be used once. A second use revokes the whole refresh-token family (RFC 9700
//! section 4.14.2).

use std::collections::{HashMap, HashSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kit::{Call, Code, Error, Reply, System, values};
use serde::Serialize;

use crate::family::{self, Family};
use crate::session::{self, Access, Member, Subject};
use crate::{clients, ending, secret};
use kit::Seal;

#[derive(Serialize)]
struct Token {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    scope: String,
}

pub(crate) async fn issue(call: &Call) -> kit::Result {
    let form = Form::of(call)?;
    match form.required("grant_type")? {
        "client_credentials" => client_credentials(call, &form).await,
        "refresh_token" => refresh(call, &form).await,
        _ => Err(Error::new(
            Code::UnsupportedGrantType,
            "grant_type must be client_credentials or refresh_token.",
        )),
    }
}

async fn client_credentials(call: &Call, form: &Form) -> kit::Result {
    let client = authenticate(call, form)?;
    if client.scopes.is_empty() {
        return Err(Error::new(
            Code::InvalidScope,
            "The owner of the client no longer holds any of its scopes; use another client.",
        ));
    }
    let scopes = form.scopes(client.scopes)?;
    let subject = Subject { scopes, ..client };
    let access = session::access(call, &subject).await?;
    if call.metadata().key.is_none() {
        // Nothing is written, so the call need not wait for other writers.
        return reply(access, None, &subject);
    }
    let seal = Seal::load(call).await?;
    let system = System::open(call, "the receipt of a token request is of no tenant")?;
    system.idempotent(call, &seal, || reply(access, None, &subject))
}

/// Authenticates the machine client. Returns it with all scopes that it holds.
fn authenticate(call: &Call, form: &Form) -> kit::Result<Subject> {
    let (id, secret) = form.client(call)?;
    let system = System::open(call, "a client names no tenant before it is known")?;
    clients::authenticate(call, &system, &id, &secret)
}

async fn refresh(call: &Call, form: &Form) -> kit::Result {
    if form.has_client(call) {
        authenticate(call, form)?;
        return Err(Error::new(
            Code::UnauthorizedClient,
            "Machine clients have no refresh tokens; use client_credentials.",
        ));
    }
    let token = form.required("refresh_token")?;
    let system = System::open(call, "a refresh token names no tenant before it is known")?;
    let seal = Seal::load(call).await?;
    // A client that lost the answer repeats the request with a token that is used by now. So the
    // idempotency receipt is checked first.
    if let Some(answer) = system.stored_answer(call, &seal)? {
        return Ok(answer);
    }
    let (family, was_used) = Family::find(&system, token)?;
    if was_used {
        system.with_lock(&family.person, || revoke(&system, &family))?;
        return Err(family::used_before());
    }
    // The current roles, not those at the time of the login.
    let left = || Error::new(Code::InvalidGrant, "The membership has ended; log in again.");
    let member = Member::find(&system, &family.tenant, &family.member)?.ok_or_else(left)?;
    let subject = Subject::member(member, &family.tenant, &family.id);
    let scopes = form.scopes(subject.scopes)?;
    let subject = Subject { scopes, ..subject };
    let access = session::access(call, &subject).await?;
    // Whatever changes the logins of a person runs one at a time. So a revocation reaches every
    // token that was issued before it, and no token is issued after it.
    let answer = system.with_lock(&family.person, || {
        if let Some(answer) = system.stored_answer(call, &seal)? {
            return Ok(Some(answer));
        }
        let used = system.execute(
            "UPDATE refresh_tokens SET used_at = $1 \
             WHERE hash = $2 AND used_at IS NULL AND revoked_at IS NULL",
            values![kit::now(), secret::hash(token)],
        )?;
        if used != 1 {
            // Whether it was used or revoked meanwhile.
            let (_, was_used) = Family::find(&system, token)?;
            return if was_used {
                revoke(&system, &family).map(|()| None)
            } else {
                Err(family::invalid())
            };
        }
        let next = family.refresh(call, &system)?;
        let answer = reply(access, Some(next), &subject)?;
        system.store_receipt(call, &seal, &answer)?;
        Ok(Some(answer))
    })?;
    answer.ok_or_else(family::used_before)
}

/// Revokes the login whose token was used twice, also where it was carried on in other tenants (RFC
/// 9700 section 4.14.2).
fn revoke(system: &System<'_>, family: &Family) -> kit::Result<()> {
    ending::end(system, &family.person, &family.id, "login.revoked")
}

/// Tokens must not be cached (RFC 6749 section 5.1).
fn reply(access: Access, refresh_token: Option<String>, subject: &Subject) -> kit::Result {
    let token = Token {
        access_token: access.token,
        token_type: "Bearer",
        expires_in: access.expires_in,
        refresh_token,
        scope: subject.scopes.join(" "),
    };
    Ok(Reply::ok(&token)?.header("cache-control", "no-store").header("pragma", "no-cache"))
}

fn is_malformed(text: &str) -> bool {
    text.chars().any(char::is_control)
}

/// The form fields of a token request (RFC 6749 appendix B).
struct Form(HashMap<String, String>);

impl Form {
    fn of(call: &Call) -> kit::Result<Self> {
        let mut fields = HashMap::new();
        for (name, value) in form_urlencoded::parse(call.body()) {
            // RFC 6749 appendix A allows no control characters in any parameter, and stores treat
            // them differently.
            if is_malformed(&name) || is_malformed(&value) {
                let message = "A parameter holds control characters.";
                return Err(Error::new(Code::InvalidRequest, message));
            }
            if fields.insert(name.to_string(), value.into_owned()).is_some() {
                let message = format!("{name} is given more than once.");
                return Err(Error::new(Code::InvalidRequest, message));
            }
        }
        Ok(Self(fields))
    }

    /// A field. One without a value counts as left out (RFC 6749 section 3.2).
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn required(&self, name: &str) -> kit::Result<&str> {
        let missing = || Error::new(Code::InvalidRequest, format!("{name} is missing."));
        self.get(name).ok_or_else(missing)
    }

    /// Whether the request has client credentials. People have none.
    fn has_client(&self, call: &Call) -> bool {
        let scheme = call.header("authorization").and_then(|header| header.split(' ').next());
        self.get("client_secret").is_some()
            || scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic"))
    }

    /// Client id and secret, from HTTP Basic or from the form, but not from both (section 2.3).
    fn client(&self, call: &Call) -> kit::Result<(String, String)> {
        let invalid = |message: &str| Error::new(Code::InvalidClient, message);
        let Some(header) = call.header("authorization") else {
            let missing = || {
                invalid(
                    "Authenticate the client with HTTP Basic, or with client_id and client_secret in the form.",
                )
            };
            let id = self.get("client_id").ok_or_else(missing)?;
            let secret = self.get("client_secret").ok_or_else(missing)?;
            return Ok((id.to_owned(), secret.to_owned()));
        };
        if self.get("client_secret").is_some() {
            return Err(Error::new(
                Code::InvalidRequest,
                "Authenticate the client in one way only.",
            ));
        }
        let malformed = || invalid("The Authorization header is not HTTP Basic.");
        let (scheme, encoded) = header.split_once(' ').ok_or_else(malformed)?;
        let bytes = STANDARD.decode(encoded.trim()).map_err(|_| malformed())?;
        let pair = String::from_utf8(bytes).map_err(|_| malformed())?;
        let (id, secret) = pair.split_once(':').ok_or_else(malformed)?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(malformed());
        }
        // Section 2.3.1: both are form-encoded before they are joined with a colon.
        let decode = |text: &str| {
            let line = format!("v={text}");
            form_urlencoded::parse(line.as_bytes()).next().map(|(_, value)| value.into_owned())
        };
        let [id, secret] = [id, secret].map(|text| decode(text).unwrap_or_default());
        match is_malformed(&id) || is_malformed(&secret) {
            true => Err(malformed()),
            false => Ok((id, secret)),
        }
    }

    /// The scopes that the request asks for. All of them must be granted. If it asks for none, then
    /// all granted ones.
    fn scopes(&self, granted: Vec<String>) -> kit::Result<Vec<String>> {
        let Some(asked) = self.get("scope") else { return Ok(granted) };
        // A scope that is named twice counts once.
        let mut asked: Vec<String> = asked.split(' ').map(str::to_owned).collect();
        let mut seen = HashSet::new();
        asked.retain(|scope| seen.insert(scope.clone()));
        match asked.iter().all(|scope| granted.contains(scope)) {
            true => Ok(asked),
            false => Err(Error::new(
                Code::InvalidScope,
                "A requested scope is not granted; leave it out, or leave scope out to get all.",
            )),
        }
    }
}
