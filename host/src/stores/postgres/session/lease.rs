//! A physical connection while one guest holds it.

use crate::stores::postgres::bindings::Error;
use crate::stores::postgres::pool::Pool;
use crate::stores::postgres::statement::SessionEffect;
use deadpool_postgres::{ClientWrapper, Object, PoolError, RecyclingMethod, TimeoutType};
use futures_util::FutureExt as _;
use std::sync::Arc;
use std::time::Duration;

/// How long it may take to clean a connection, or to cancel what it runs.
const CLEANING: Duration = Duration::from_secs(5);

/// A connection that was taken from its pool. Another guest gets it only after [`Lease::release`]
/// has found it clean or cleaned it. If a lease is dropped without that, for example during a
/// statement, then the running statement is cancelled and the connection is closed.
pub(super) struct Lease {
    /// Set until the lease ends.
    object: Option<Object>,
    pool: Arc<Pool>,
}

impl Lease {
    /// Takes an idle connection of the pool, opens a new one, or waits for one.
    pub(super) async fn take(pool: &Arc<Pool>) -> Result<Self, Error> {
        let address = &pool.address;
        let error = match pool.connections.get().await {
            Ok(client) => return Ok(Self { object: Some(client), pool: pool.clone() }),
            Err(error) => error,
        };
        Err(Error::ConnectionFailed(match error {
            PoolError::Timeout(TimeoutType::Wait) => format!(
                "none of the {} connections to {address} became free within {:?}",
                pool.limit, pool.wait
            ),
            PoolError::Timeout(_) => {
                format!("{address} did not answer within {:?}", address.time_to_connect())
            }
            PoolError::Backend(error) => {
                let why = format!("{:#}", anyhow::Error::new(error));
                let hint = match why.contains("certificate") {
                    true => "; give its root with set-ca-root, or say sslmode=disable",
                    false => "",
                };
                format!("{address} cannot be used: {why}{hint}")
            }
            error => format!("{address} cannot be used: {error}"),
        }))
    }

    /// The connection; `None` if it is closed.
    pub(super) fn client(&self) -> Option<&ClientWrapper> {
        self.object.as_deref().filter(|client| !client.is_closed())
    }

    /// Sends a ROLLBACK without waiting for the answer. The connection reads and drops this answer
    /// before the answer of any later statement. False if the connection is closed.
    pub(super) fn roll_back(&self) -> bool {
        let sent = self.client().map(|client| client.batch_execute("ROLLBACK").now_or_never());
        matches!(sent, Some(None | Some(Ok(()))))
    }

    /// Ends the lease. `open` says whether a transaction may be open. `effect` says what may be left
    /// in the session.
    pub(super) fn release(self, open: bool, effect: SessionEffect) {
        match effect {
            SessionEffect::Nothing if !open => self.give_back(),
            SessionEffect::Unknown => self.close(),
            effect => {
                let runtime = self.pool.runtime.clone();
                runtime.spawn(self.clean(effect));
            }
        }
    }

    fn give_back(mut self) {
        drop(self.object.take());
    }

    fn close(mut self) {
        drop(self.object.take().map(Object::take));
    }

    async fn clean(self, effect: SessionEffect) {
        let Some(client) = self.client() else { return };
        let reset = match effect {
            SessionEffect::Nothing => None,
            _ => RecyclingMethod::Clean.query(),
        };
        // Both statements are sent at once.
        let cleaned = async {
            tokio::try_join!(biased; client.batch_execute("ROLLBACK"), async {
                match reset {
                    Some(reset) => client.batch_execute(reset).await,
                    None => Ok(()),
                }
            })
        };
        if let Ok(Ok(_)) = tokio::time::timeout(CLEANING, cleaned).await {
            self.give_back();
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(object) = self.object.take() else { return };
        let client = Object::take(object);
        if client.is_closed() {
            return;
        }
        let tls = self.pool.tls.clone();
        self.pool.runtime.spawn(async move {
            // If cancelling fails, then closing the connection ends the statement as well.
            let cancel = client.cancel_token();
            let _ = tokio::time::timeout(CLEANING, cancel.cancel_query(tls)).await;
            drop(client);
        });
    }
}
