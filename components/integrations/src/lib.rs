//! The integrations of tenants: the providers that they receive webhooks from, and those that have
//! granted access by OAuth 2.0.
//!
//! A receiver stores a webhook and answers. The work of this function (`work`) brings it into the
//! feed.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that panics has failed"))]
#![cfg_attr(
    not(target_arch = "wasm32"),
    allow(dead_code, reason = "natively there are tests only")
)]

#[cfg(target_arch = "wasm32")]
mod contract;
#[cfg(target_arch = "wasm32")]
mod health;
#[cfg(target_arch = "wasm32")]
mod integrations;
#[cfg(target_arch = "wasm32")]
mod oauth;
#[cfg(target_arch = "wasm32")]
mod secrets;
#[cfg(target_arch = "wasm32")]
mod settings;
#[cfg(target_arch = "wasm32")]
mod work;

mod grant;
mod inbound;

#[cfg(target_arch = "wasm32")]
mod function {
    use super::contract::{INTEGRATIONS, Op};
    use super::inbound::receive::{Receiver, receive};
    use super::settings::SETTINGS;
    use super::{health, integrations, oauth, work};
    use kit::Call;

    kit::function!(Op, dispatch, SETTINGS);

    async fn dispatch(op: Op, call: Call) -> kit::Result {
        match op {
            Op::ListIntegrations => INTEGRATIONS.list(&call),
            Op::CreateIntegration => integrations::create(&call).await,
            Op::GetIntegration => INTEGRATIONS.read(&call),
            Op::UpdateIntegration => INTEGRATIONS.merge(&call, integrations::rule),
            Op::DeleteIntegration => integrations::delete(&call).await,
            Op::GetIntegrationHealth => health::get(&call),
            Op::RotateSecretIntegration => integrations::rotate(&call).await,
            Op::AuthorizeIntegration => oauth::authorize(&call).await,
            Op::ConnectIntegration => oauth::connect(&call).await,
            Op::GetIntegrationToken => oauth::token(&call).await,
            Op::ListIntegrationEndpoints => integrations::endpoints(&call),
            Op::ReceiveWebhook => receive(&call, Receiver::Kind(call.path("kind"))).await,
            Op::ReceiveIntegrationWebhook | Op::ReceiveBillingWebhook => {
                receive(&call, Receiver::Provider(call.path("provider"))).await
            }
            Op::WorkIntegrations => work::run(&call),
        }
    }
}
