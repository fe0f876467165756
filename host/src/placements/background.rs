//! The work that an instance does after its answer: a stream, or tasks that nobody waits for.

use super::pool::{Lease, Linked, Pool};
use super::work_due::WorkDue;
use crate::guest::state::State;
use crate::http::body::stream::StreamControl;
use crate::http::problem::one_line;
use crate::http::streams::StreamPermit;
use crate::system::log::Sink;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wasmtime::component::Accessor;

/// Work that components do after their answers.
#[derive(Clone, Default)]
pub(crate) struct Background {
    /// Tracks all such tasks.
    pub(crate) tasks: TaskTracker,
    /// Cancelled to end open streams, which would not end by themselves.
    pub(crate) end_streams: CancellationToken,
    /// Notified when work is due. The ticker waits for it.
    pub(crate) work_due: Arc<WorkDue>,
}

/// The work of one instance after its answer.
pub(super) struct RemainingWork<L: Linked> {
    pub(super) pool: Arc<Pool<L>>,
    pub(super) lease: Lease<L::Exports>,
    /// The stream that the work writes.
    pub(super) stream: Option<(StreamControl, StreamPermit)>,
    /// The limit for the work.
    pub(super) time: Duration,
}

/// Whether the guest still has tasks after its answer.
pub(super) async fn has_pending_tasks(accessor: &Accessor<State>) -> bool {
    poll_fn(|cx| Poll::Ready(accessor.poll_no_interesting_tasks(cx).is_pending())).await
}

impl Background {
    /// Lets the work go on in a task of its own.
    pub(super) fn spawn<L: Linked>(&self, mut work: RemainingWork<L>, log: Sink, name: String) {
        work.lease.hold();
        let end_streams = self.end_streams.clone();
        self.tasks.spawn(async move {
            if let Err(message) = work.finish(end_streams).await {
                log.emit(|| tracing::error!(component = name, "{message}"));
            }
        });
    }
}

impl<L: Linked> RemainingWork<L> {
    /// Drives the instance until it has nothing left to do, then returns it to the pool.
    async fn finish(mut self, end_streams: CancellationToken) -> Result<(), String> {
        let store = &mut self.lease.instance.store;
        let work = store.run_concurrent(async |accessor: &Accessor<State>| {
            poll_fn(|cx| accessor.poll_no_interesting_tasks(cx)).await;
        });
        let problem = tokio::select! {
            done = tokio::time::timeout(self.time, work) => match done {
                Ok(Ok(())) => {
                    self.pool.put(self.lease);
                    return Ok(());
                }
                Ok(Err(error)) => Err(format!("after its answer: {}", one_line(&error))),
                Err(_) => Err(format!("it was still running {:?} after its answer", self.time)),
            },
            () = end_streams.cancelled(), if self.stream.is_some() => Ok(()),
            () = client_left(self.stream.as_ref().map(|(control, _)| control)) => Ok(()),
        };
        if let Some((control, _)) = self.stream {
            control.mark_broken();
        }
        problem
    }
}

/// Resolves when the client of the stream has left. Without a stream it never resolves.
async fn client_left(stream: Option<&StreamControl>) {
    match stream {
        Some(stream) => stream.client_left().await,
        None => std::future::pending().await,
    }
}
