//! `POST /internal/tick`: work that nobody asks for, done whenever a scheduler calls. The
//! runner calls every minute; on Spin its cron trigger or any other scheduler does. A call
//! that is lost loses nothing: the next one does what is due.

use kit::retention::{Ages, sweep};
use kit::{Call, Code, Reply, problem};
use subtle::ConstantTimeEq as _;

/// The shortest time that anything is kept, in days.
const SHORTEST: i64 = 1;

pub(crate) async fn run(call: &Call) -> kit::Result {
    authenticate(call).await?;
    let days = async |name: &str, default: i64| {
        let text = spin_sdk::variables::get(name).await.unwrap_or_default();
        text.trim().parse().unwrap_or(default).max(SHORTEST)
    };
    let ages = Ages {
        events: days("retention_events_days", 90).await,
        audit_logs: days("retention_audit_days", 365).await,
    };
    Reply::ok(&sweep(call, &ages)?)
}

/// The variable `tick_token` is the credential; without one nobody may call.
async fn authenticate(call: &Call) -> kit::Result<()> {
    let token = spin_sdk::variables::get("tick_token").await.unwrap_or_default();
    let given = call.header("authorization").and_then(|header| header.strip_prefix("Bearer "));
    let known = !token.is_empty()
        && given.is_some_and(|given| given.as_bytes().ct_eq(token.as_bytes()).into());
    match known {
        true => Ok(()),
        false => Err(problem(
            Code::AuthenticationRequired,
            "This operation needs the operator's credential, the variable tick_token.",
        )),
    }
}
