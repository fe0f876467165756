//! The operator's calls, and the work of functions that they cause.

mod one_fails;

use http::Method;

use crate::support::server::SCHEDULER;
use crate::support::{App, Client, Exchange};

/// Calls for the work of a function with this credential. Clients do not see the operation, so the
/// answer is in no contract that they have.
pub(crate) async fn work_with(client: &Client, target: &str, token: &str) -> Exchange {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    let path = format!("/internal/work/{target}");
    client.try_send(Method::POST, &path, &headers, None).await.unwrap()
}

/// Calls for the work of a function, as the scheduler does.
pub(crate) async fn work(client: &Client, target: &str) -> Exchange {
    work_with(client, target, SCHEDULER).await.expect(200)
}

/// Nobody gets work done without the scheduler's credential.
pub(crate) async fn needs_the_credential(client: &Client, function: &str) {
    for token in ["", "guess"] {
        let refused = work_with(client, function, token).await;
        refused.refused(401, "authentication_required");
    }
}

/// Sets the clock of the sweeps to the time of this machine, as the first tick does.
pub(crate) fn set_clock(app: &App) {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
    app.execute(&format!("INSERT INTO clocks (name, moment) VALUES ('retention', {now})"));
}
