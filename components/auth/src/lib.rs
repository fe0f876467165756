//! Who is who: people, tenants, machine clients, tokens, and the keys that verify them.

mod contract {
    #![allow(missing_docs, unreachable_pub)]
    include!(concat!(env!("OUT_DIR"), "/contract.rs"));
}

mod clients;
mod keys;
mod login;
mod password;
mod register;
mod seal;
mod secret;
mod session;
mod token;

use contract::Op;
use kit::Call;

kit::function!(Op, dispatch);

async fn dispatch(op: Op, call: Call) -> kit::Result {
    match op {
        Op::Register => register::register(&call).await,
        Op::Login => login::login(&call).await,
        Op::IssueToken => token::issue(&call).await,
        Op::CreateClient => clients::create(&call),
        Op::GetJwks => keys::publish(&call).await,
    }
}

/// Every scope there is. An owner holds all of them.
const SCOPES: [&str; 4] = ["clients:write", "events:read", "projects:read", "projects:write"];

/// The scopes of a role (K-41).
fn scopes_of(role: &str) -> &'static [&'static str] {
    match role {
        "owner" | "admin" | "manager" => &SCOPES,
        "editor" | "engineer" => &["events:read", "projects:read", "projects:write"],
        "viewer" => &["events:read", "projects:read"],
        _ => &[],
    }
}

fn text(text: &str) -> kit::Value {
    kit::Value::Text(text.to_owned())
}
