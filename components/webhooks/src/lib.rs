//! Outgoing webhooks: the endpoints of tenants, and the dispatcher that delivers the events of the
//! feed to them. The work of this function (`work`) sends the deliveries that are due.

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
mod queue;
#[cfg(target_arch = "wasm32")]
mod replay;
#[cfg(target_arch = "wasm32")]
mod secrets;
#[cfg(target_arch = "wasm32")]
mod settings;
#[cfg(target_arch = "wasm32")]
mod statistics;
#[cfg(target_arch = "wasm32")]
mod violation;
#[cfg(target_arch = "wasm32")]
mod work;

mod headers;
mod patterns;
mod policy;
mod shares;
mod signature;

#[cfg(target_arch = "wasm32")]
mod function {
    use super::contract::{Op, WEBHOOK_ATTEMPTS, WEBHOOK_ENDPOINTS, attempt};
    use super::settings::SETTINGS;
    use super::{endpoints, replay, statistics, work};
    use kit::Call;

    kit::function!(Op, dispatch, SETTINGS);

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
            Op::WorkWebhooks => work::run(&call).await,
        }
    }
}
