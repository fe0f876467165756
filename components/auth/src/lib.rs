//! Identities: people, tenants, machine clients, tokens, and the keys that verify tokens.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that panics has failed"))]
#![cfg_attr(
    not(target_arch = "wasm32"),
    allow(dead_code, reason = "natively there are tests only")
)]

#[cfg(target_arch = "wasm32")]
mod attempts;
#[cfg(target_arch = "wasm32")]
mod audit;
#[cfg(target_arch = "wasm32")]
mod client_secrets;
#[cfg(target_arch = "wasm32")]
mod clients;
#[cfg(target_arch = "wasm32")]
mod contract;
#[cfg(target_arch = "wasm32")]
mod ending;
#[cfg(target_arch = "wasm32")]
mod family;
#[cfg(target_arch = "wasm32")]
mod keys;
#[cfg(target_arch = "wasm32")]
mod login;
#[cfg(target_arch = "wasm32")]
mod logout;
#[cfg(target_arch = "wasm32")]
mod me;
#[cfg(target_arch = "wasm32")]
mod memberships;
#[cfg(target_arch = "wasm32")]
mod new_password;
#[cfg(target_arch = "wasm32")]
mod origin;
#[cfg(target_arch = "wasm32")]
mod password;
#[cfg(target_arch = "wasm32")]
mod proof;
#[cfg(target_arch = "wasm32")]
mod register;
#[cfg(target_arch = "wasm32")]
mod secret;
#[cfg(target_arch = "wasm32")]
mod session;
#[cfg(target_arch = "wasm32")]
mod sessions;
#[cfg(target_arch = "wasm32")]
mod settings;
#[cfg(target_arch = "wasm32")]
mod store;
#[cfg(target_arch = "wasm32")]
mod switch;
#[cfg(target_arch = "wasm32")]
mod token;
#[cfg(target_arch = "wasm32")]
mod values;
#[cfg(target_arch = "wasm32")]
mod work;

mod failures;
mod strength;

#[cfg(target_arch = "wasm32")]
mod function {
    use super::contract::{CLIENTS, Op};
    use super::settings::SETTINGS;
    use super::{
        clients, keys, login, logout, me, new_password, register, sessions, switch, token, work,
    };
    use kit::Call;

    kit::function!(Op, dispatch, SETTINGS);

    async fn dispatch(op: Op, call: Call) -> kit::Result {
        match op {
            Op::Register => register::register(&call).await,
            Op::Login => login::login(&call).await,
            Op::SwitchTenant => switch::switch(&call).await,
            Op::Logout => logout::logout(&call).await,
            Op::GetMe => me::get(&call),
            Op::ListSessions => sessions::list(&call),
            Op::DeleteSession => sessions::end(&call),
            Op::EndOthersSessions => sessions::end_others(&call),
            Op::ReplacePassword => new_password::replace(&call).await,
            Op::IssueToken => token::issue(&call).await,
            Op::ListClients => CLIENTS.list(&call),
            Op::CreateClient => clients::create(&call).await,
            Op::GetClient => CLIENTS.read(&call),
            Op::DeleteClient => CLIENTS.delete(&call, clients::rule),
            Op::EnableClient | Op::DisableClient => CLIENTS.operate(&call, clients::rule),
            Op::RotateSecretClient => clients::rotate(&call).await,
            Op::WorkAuth => work::run(&call),
            Op::GetJwks => keys::publish(&call).await,
        }
    }
}
