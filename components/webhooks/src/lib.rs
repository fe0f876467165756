//! Webhooks in both directions. Outgoing: the endpoints of tenants, and the dispatcher that
//! delivers the events of the feed to them. Incoming: the integrations of tenants, and the
//! receivers that their providers send to.
//!
//! The operation `tick` sends the deliveries and brings incoming webhooks into the feed, together
//! with the other background work.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that panics has failed"))]
#![cfg_attr(
    not(target_arch = "wasm32"),
    allow(dead_code, reason = "natively there are tests only")
)]

#[cfg(target_arch = "wasm32")]
mod contract;
#[cfg(target_arch = "wasm32")]
mod credentials;
#[cfg(target_arch = "wasm32")]
mod dispatch;
#[cfg(target_arch = "wasm32")]
mod endpoints;
#[cfg(target_arch = "wasm32")]
mod integrations;
#[cfg(target_arch = "wasm32")]
mod queue;
#[cfg(target_arch = "wasm32")]
mod replay;
#[cfg(target_arch = "wasm32")]
mod rotating;
#[cfg(target_arch = "wasm32")]
mod secrets;
#[cfg(target_arch = "wasm32")]
mod statistics;
#[cfg(target_arch = "wasm32")]
mod tick;
#[cfg(target_arch = "wasm32")]
mod violation;

mod grant;
mod headers;
mod hops;
mod inbound;
mod patterns;
mod policy;
mod shares;
mod signature;
mod target;

#[cfg(target_arch = "wasm32")]
mod function {
    use super::contract::{INTEGRATIONS, Op, WEBHOOK_ATTEMPTS, WEBHOOK_ENDPOINTS, attempt};
    use super::inbound::receive::{Receiver, receive};
    use super::{endpoints, integrations, replay, statistics, tick};
    use kit::Call;

    kit::function!(Op, dispatch);

    async fn dispatch(op: Op, call: Call) -> kit::Result {
        match op {
            Op::ListWebhookEndpoints => WEBHOOK_ENDPOINTS.list(&call),
            Op::CreateWebhookEndpoint => endpoints::create(&call).await,
            Op::GetWebhookEndpoint => WEBHOOK_ENDPOINTS.read(&call),
            Op::ReplaceWebhookEndpoint => endpoints::replace(&call).await,
            Op::UpdateWebhookEndpoint => endpoints::update(&call).await,
            Op::DeleteWebhookEndpoint => WEBHOOK_ENDPOINTS.delete(&call, endpoints::rule),
            Op::EnableWebhookEndpoint | Op::DisableWebhookEndpoint => {
                WEBHOOK_ENDPOINTS.operate(&call, endpoints::rule)
            }
            Op::RotateSecretWebhookEndpoint => endpoints::rotate(&call).await,
            Op::TestWebhookEndpoint => replay::test(&call),
            Op::RecoverWebhookEndpoint => replay::recover(&call),
            Op::ReplayMissingWebhookEndpoint => replay::missing(&call),
            Op::ResendWebhookAttempt => replay::resend(&call),
            Op::ListWebhookEndpointAttempts => {
                let id = call.path("id");
                let exists = |scope: &kit::Scope<'_>| WEBHOOK_ENDPOINTS.find(scope, id).map(drop);
                WEBHOOK_ATTEMPTS.list_of(&call, Some((attempt::ENDPOINT_ID, id)), exists)
            }
            Op::GetWebhookEndpointStatistics => statistics::get(&call),
            Op::ListIntegrations => INTEGRATIONS.list(&call),
            Op::CreateIntegration => integrations::create(&call).await,
            Op::GetIntegration => INTEGRATIONS.read(&call),
            Op::UpdateIntegration => INTEGRATIONS.merge(&call, integrations::rule),
            Op::DeleteIntegration => integrations::delete(&call).await,
            Op::GetIntegrationHealth => integrations::health::get(&call),
            Op::RotateSecretIntegration => integrations::rotate(&call).await,
            Op::AuthorizeIntegration => integrations::oauth::authorize(&call).await,
            Op::ConnectIntegration => integrations::oauth::connect(&call).await,
            Op::GetIntegrationToken => integrations::oauth::token(&call).await,
            Op::ListIntegrationEndpoints => integrations::endpoints(&call).await,
            Op::ReceiveWebhook => receive(&call, Receiver::Kind(call.path("kind"))).await,
            Op::ReceiveIntegrationWebhook | Op::ReceiveBillingWebhook => {
                receive(&call, Receiver::Provider(call.path("provider"))).await
            }
            Op::Tick => tick::run(&call).await,
        }
    }
}
