//! `PUT /me/password`: a person changes their password.

use kit::{Call, Error, Reply, Seal, System, values};
use serde::Deserialize;

use crate::ending::end_others;
use crate::family::Family;
use crate::password;
use crate::proof::prove;
use crate::settings::SETTINGS;
use crate::strength::{self, Words};

#[derive(Deserialize)]
struct Change {
    current_password: String,
    new_password: String,
}

pub(crate) async fn replace(call: &Call) -> kit::Result {
    let change: Change = call.json()?;
    let seal = Seal::load(call).await?;
    let system = System::open(call, "a person has one password for all tenants")?;
    if let Some(answer) = system.stored_answer(call, &seal)? {
        return Ok(answer);
    }
    let login = Family::of_whole_caller(call, &system)?;
    let (email, name, hash) = system.fetch_one::<(String, Option<String>, String)>(
        "SELECT email, name, password_hash FROM users WHERE id = $1",
        values![&login.person],
    )?;
    let known = [Some(email.as_str()), name.as_deref()];
    let known: Vec<&str> = known.into_iter().flatten().collect();
    strength::check("/new_password", &change.new_password, &Words::about(&known))?;
    // Whoever has found an open browser must not guess the password any faster than elsewhere.
    let given = &change.current_password;
    if prove(call, &system, &seal, &email, given, Some(&hash))?.is_none() {
        return Err(wrong());
    }
    let new = password::hash(&change.new_password, SETTINGS.hash.clone())?;
    system.idempotent(call, &seal, || {
        login.hold(&system)?;
        let changed = system.execute(
            "UPDATE users SET password_hash = $1, updated_at = $2 WHERE id = $3 AND password_hash = $4",
            values![new, kit::now(), &login.person, hash],
        )?;
        if changed != 1 {
            return Err(wrong());
        }
        end_others(&system, &login, Some("user.password_changed"))?;
        Ok(Reply::no_content())
    })
}

fn wrong() -> Error {
    Error::violation("/current_password", "WRONG_PASSWORD", "Is not your password.")
}
