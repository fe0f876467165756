//! Identities: people, tenants, machine clients, tokens, and the keys that verify tokens.

mod contract {
    #![allow(missing_docs, unreachable_pub)]
    include!(concat!(env!("OUT_DIR"), "/contract.rs"));
}

mod attempts;
mod audit;
mod client_secrets;
mod clients;
mod keys;
mod login;
mod password;
mod register;
mod secret;
mod session;
mod store;
mod strength;
mod token;
mod tries;

use contract::{CLIENTS, Op};
use kit::{Call, Internal};

kit::function!(Op, dispatch);

async fn dispatch(op: Op, call: Call) -> kit::Result {
    match op {
        Op::Register => register::register(&call).await,
        Op::Login => login::login(&call).await,
        Op::IssueToken => token::issue(&call).await,
        Op::ListClients => CLIENTS.list(&call),
        Op::CreateClient => clients::create(&call).await,
        Op::GetClient => CLIENTS.read(&call),
        Op::DeleteClient => CLIENTS.delete(&call, clients::rule),
        Op::EnableClient | Op::DisableClient => CLIENTS.operate(&call, clients::rule),
        Op::RotateSecretClient => clients::rotate(&call).await,
        Op::GetJwks => keys::publish(&call).await,
    }
}

/// Reads the roles of a member. Rows have them as an enumeration, tokens in lower case (K-7, K-36).
fn roles(json: &str) -> kit::Result<Vec<String>> {
    serde_json::from_str(&json.to_ascii_lowercase()).internal()
}

fn text(text: &str) -> kit::Value {
    kit::Value::Text(text.to_owned())
}
