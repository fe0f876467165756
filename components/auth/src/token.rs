//! `POST /auth/token`: the token endpoint of RFC 6749, for client credentials (section 4.4)
//! and refresh tokens (section 6). Refresh tokens serve once; a second use revokes the
//! whole family (RFC 9700 section 4.14.2).

use std::collections::{HashMap, HashSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kit::{Call, Code, Error, Reply, System, Value, problem};
use serde::Serialize;
use subtle::ConstantTimeEq;

use crate::session::{self, Access, Subject};
use crate::{secret, text};
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
        _ => Err(problem(
            Code::UnsupportedGrantType,
            "grant_type is client_credentials or refresh_token.",
        )),
    }
}

async fn client_credentials(call: &Call, form: &Form) -> kit::Result {
    let client = authenticate(call, form)?;
    let scopes = form.scopes(client.scopes)?;
    let subject = Subject { scopes, ..client };
    let access = session::access(call, &subject).await?;
    if call.header("idempotency-key").is_none() {
        // Nothing is written, so nobody who writes has to be waited for.
        return reply(access, None, &subject);
    }
    let seal = Seal::load(call).await?;
    let system = System::open(call, "the receipt of a token request is of no tenant")?;
    system.once(call, &seal, || reply(access, None, &subject))
}

/// The machine client that authenticates itself, with all scopes that it holds.
fn authenticate(call: &Call, form: &Form) -> kit::Result<Subject> {
    let (id, secret) = form.client(call)?;
    let system = System::open(call, "a client names no tenant before it is known")?;
    let rows = system
        .query("SELECT secret_hash, tenant_id, scopes FROM clients WHERE id = $1", &[text(&id)])?;
    let mut row = rows.into_iter().next();
    let kept = row.as_mut().map(|row| row.text()).unwrap_or_default();
    let matches = bool::from(kept.as_bytes().ct_eq(secret::hash(&secret).as_bytes()));
    let (Some(mut row), true) = (row, matches) else {
        return Err(problem(Code::InvalidClient, "client_id or client_secret is wrong."));
    };
    let tenant = row.text();
    let scopes = row.text().split(' ').map(str::to_owned).collect();
    Ok(Subject { id, tenant, roles: Vec::new(), scopes, is_client: true })
}

async fn refresh(call: &Call, form: &Form) -> kit::Result {
    if form.has_client(call) {
        authenticate(call, form)?;
        return Err(problem(
            Code::UnauthorizedClient,
            "Machine clients have no refresh tokens; use client_credentials.",
        ));
    }
    let token = form.required("refresh_token")?;
    let system = System::open(call, "a refresh token names no tenant before it is known")?;
    let seal = Seal::load(call).await?;
    // Whoever lost the answer asks again with a token that has served: the receipt comes first.
    if let Some(answer) = system.answered(call, &seal)? {
        return Ok(answer);
    }
    let family = find(&system, token)?;
    let subject = member(&system, &family)?;
    let scopes = form.scopes(subject.scopes)?;
    let subject = Subject { scopes, ..subject };
    let access = session::access(call, &subject).await?;
    // One at a time for each family: a revocation meets every token that was issued before it,
    // and none is issued after it.
    let answer = system.in_turn(&family.id, || {
        if let Some(answer) = system.answered(call, &seal)? {
            return Ok(Some(answer));
        }
        let used = system.execute(
            "UPDATE refresh_tokens SET used_at = $1 \
             WHERE hash = $2 AND used_at IS NULL AND revoked_at IS NULL",
            &[Value::Integer(kit::now()), text(&secret::hash(token))],
        )?;
        if used != 1 {
            return revoke(&system, &family.id).map(|()| None);
        }
        let next = session::refresh(&system, &family.id, &family.user, &family.tenant)?;
        let answer = reply(access, Some(next), &subject)?;
        system.keep(call, &seal, &answer)?;
        Ok(Some(answer))
    })?;
    answer.ok_or_else(used_before)
}

/// RFC 6749 section 5.1: tokens are not to be cached.
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

struct Family {
    id: String,
    user: String,
    tenant: String,
}

/// The family of a refresh token that may be used now; a used one revokes its family.
fn find(system: &System<'_>, token: &str) -> kit::Result<Family> {
    let rows = system.query(
        "SELECT family, user_id, tenant_id, expires_at, used_at, revoked_at \
         FROM refresh_tokens WHERE hash = $1",
        &[text(&secret::hash(token))],
    )?;
    let invalid = || {
        problem(
            Code::InvalidGrant,
            "The refresh token is unknown, expired or revoked; log in again.",
        )
    };
    let mut row = rows.into_iter().next().ok_or_else(invalid)?;
    let family = Family { id: row.text(), user: row.text(), tenant: row.text() };
    let expired = row.integer() <= kit::now();
    if row.optional_integer().is_some() {
        system.in_turn(&family.id, || revoke(system, &family.id))?;
        return Err(used_before());
    }
    if expired || row.optional_integer().is_some() {
        return Err(invalid());
    }
    Ok(family)
}

fn revoke(system: &System<'_>, family: &str) -> kit::Result<()> {
    system.execute(
        "UPDATE refresh_tokens SET revoked_at = $1 WHERE family = $2 AND revoked_at IS NULL",
        &[Value::Integer(kit::now()), text(family)],
    )?;
    Ok(())
}

fn used_before() -> Error {
    problem(
        Code::InvalidGrant,
        "The refresh token was used before; all tokens of this login are revoked. Log in again.",
    )
}

/// The member as the roles are now, not as they were at the login.
fn member(system: &System<'_>, family: &Family) -> kit::Result<Subject> {
    let rows = system.query(
        "SELECT roles FROM members \
         WHERE tenant_id = $1 AND id = $2 AND is_active = 1 AND deleted_at IS NULL",
        &[text(&family.tenant), text(&family.user)],
    )?;
    let left = || problem(Code::InvalidGrant, "The membership has ended; log in again.");
    let roles = rows.into_iter().next().ok_or_else(left)?.text();
    Ok(Subject::member(&family.user, &family.tenant, crate::roles(&roles)?))
}

fn is_malformed(text: &str) -> bool {
    text.chars().any(char::is_control)
}

/// The form of a token request (RFC 6749 appendix B).
struct Form(HashMap<String, String>);

impl Form {
    fn of(call: &Call) -> kit::Result<Self> {
        let mut fields = HashMap::new();
        for (name, value) in form_urlencoded::parse(call.body()) {
            // RFC 6749 appendix A has none in any parameter; stores differ on them.
            if is_malformed(&name) || is_malformed(&value) {
                let message = "A parameter holds control characters.";
                return Err(problem(Code::InvalidRequest, message));
            }
            if fields.insert(name.to_string(), value.into_owned()).is_some() {
                let message = format!("{name} is given more than once.");
                return Err(problem(Code::InvalidRequest, message));
            }
        }
        Ok(Self(fields))
    }

    /// A parameter without a value counts as left out (RFC 6749 section 3.2).
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn required(&self, name: &str) -> kit::Result<&str> {
        let missing = || problem(Code::InvalidRequest, format!("{name} is missing."));
        self.get(name).ok_or_else(missing)
    }

    /// Whether a client authenticates itself; people have no secret.
    fn has_client(&self, call: &Call) -> bool {
        let scheme = call.header("authorization").and_then(|header| header.split(' ').next());
        self.get("client_secret").is_some()
            || scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic"))
    }

    /// Client id and secret, by HTTP Basic or in the form, not both (section 2.3).
    fn client(&self, call: &Call) -> kit::Result<(String, String)> {
        let invalid = |message: &str| problem(Code::InvalidClient, message);
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
            return Err(problem(Code::InvalidRequest, "Authenticate the client in one way only."));
        }
        let malformed = || invalid("The Authorization header is not HTTP Basic.");
        let (scheme, encoded) = header.split_once(' ').ok_or_else(malformed)?;
        let bytes = STANDARD.decode(encoded.trim()).map_err(|_| malformed())?;
        let pair = String::from_utf8(bytes).map_err(|_| malformed())?;
        let (id, secret) = pair.split_once(':').ok_or_else(malformed)?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(malformed());
        }
        // Section 2.3.1: both are form-encoded before they are joined.
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

    /// The scopes asked for, all of which must be granted; all granted ones when none are
    /// asked for.
    fn scopes(&self, granted: Vec<String>) -> kit::Result<Vec<String>> {
        let Some(asked) = self.get("scope") else { return Ok(granted) };
        // One that is named twice is one.
        let mut asked: Vec<String> = asked.split(' ').map(str::to_owned).collect();
        let mut seen = HashSet::new();
        asked.retain(|scope| seen.insert(scope.clone()));
        match asked.iter().find(|scope| !granted.contains(scope)) {
            Some(scope) => {
                Err(problem(Code::InvalidScope, format!("The scope {scope:?} is not granted.")))
            }
            None => Ok(asked),
        }
    }
}
