//! One call of a function, and the work that may follow its answer: a stream or background work.

use super::bindings::tenantry::platform::messages;
use super::function::Function;
use super::pool::{Lease, Pool};
use crate::guest::state::State;
use crate::http::body::stream::{self, ByteStream, StreamControl};
use crate::http::problem::one_line;
use crate::http::streams::{LimitReached, StreamPermit};
use gateway::holder::Holder;
use gateway::{Body, Context, Error, Fault, Request, Response};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use wasmtime::AsContextMut;
use wasmtime::component::Accessor;

/// The answer of a function, or its error.
pub(super) type Outcome = Result<Response<ByteStream>, Error>;

/// An answer, and whether the instance still has something to do.
struct CallResult {
    outcome: Outcome,
    stream: Option<StreamControl>,
    has_pending_tasks: bool,
}

impl Function {
    /// Calls `route.handle`. The timeout is around the whole run, because a timeout inside it does
    /// not fire while the guest holds the store. If a guest runs into the timeout or traps, then it
    /// is dropped with its store. That costs only this request.
    pub(super) async fn invoke(
        &self,
        context: Context,
        operation: String,
        request: Request,
    ) -> Result<Outcome, Fault> {
        let holder = Holder::of(&context, &request);
        let component = self.name();
        let span = tracing::info_span!("function", component, operation);
        let mut lease = self.pool.take().await?;
        let memory = lease.instance.store.data().memory.status();
        let result = {
            let run = run(&mut lease, context, operation, request);
            match tokio::time::timeout(self.limits.request, run.instrument(span)).await {
                Err(_) => return Err(Fault::Timeout),
                Ok(Err(_)) if memory.was_refused() => return Err(Fault::Busy),
                Ok(Err(error)) => return Err(Fault::Trapped(one_line(&error))),
                Ok(Ok(result)) => result,
            }
        };
        if !result.has_pending_tasks {
            self.pool.put(lease);
            return Ok(result.outcome);
        }
        let (time, permit) = match result.stream {
            None => (self.limits.request, None),
            Some(_) => match self.streams.open(Some(holder)) {
                Ok(permit) => (self.limits.stream, Some(permit)),
                Err(LimitReached::Own) => return Err(Fault::Streams),
                Err(LimitReached::All) => return Err(Fault::Busy),
            },
        };
        let background_work = BackgroundWork {
            pool: self.pool.clone(),
            lease,
            stream: result.stream,
            time,
            end_stream: self.background.end_streams.clone(),
            _permit: permit,
        };
        let (log, name) = (self.log.clone(), self.name().to_owned());
        self.background.tasks.spawn(async move {
            if let Err(message) = background_work.finish().await {
                log.emit(|| tracing::error!(component = name, "{message}"));
            }
        });
        Ok(result.outcome)
    }
}

async fn run(
    lease: &mut Lease,
    context: Context,
    operation: String,
    request: Request,
) -> wasmtime::Result<CallResult> {
    let instance = &mut *lease.instance;
    let route = instance.exports.tenantry_platform_route();
    instance
        .store
        .run_concurrent(async |accessor| {
            let answer =
                route.call_handle(accessor, context.into(), operation, request.into()).await?;
            let (outcome, stream) = match answer {
                Err(error) => (Err(error.into()), None),
                Ok(response) => {
                    let (response, stream) = receive(accessor, response)?;
                    (Ok(response), stream)
                }
            };
            let has_pending_tasks = has_pending_tasks(accessor).await;
            Ok(CallResult { outcome, stream, has_pending_tasks })
        })
        .await?
}

/// Whether the guest still has tasks after its answer.
async fn has_pending_tasks(accessor: &Accessor<State>) -> bool {
    poll_fn(|cx| Poll::Ready(accessor.poll_no_interesting_tasks(cx).is_pending())).await
}

fn receive(
    accessor: &Accessor<State>,
    response: messages::Response,
) -> wasmtime::Result<(Response<ByteStream>, Option<StreamControl>)> {
    let messages::Response { status, headers, body } = response;
    let (body, control) = match body {
        messages::Body::Empty => (Body::Empty, None),
        messages::Body::Bytes(bytes) => (Body::Bytes(bytes), None),
        messages::Body::Streaming(reader) => {
            let (writer, stream, control) = stream::new();
            accessor.with(|mut access| reader.pipe(access.as_context_mut(), writer))?;
            (Body::Streaming(stream), Some(control))
        }
    };
    Ok((Response { status, headers, body }, control))
}

/// The work that an instance still does after its answer.
struct BackgroundWork {
    pool: Arc<Pool>,
    lease: Lease,
    stream: Option<StreamControl>,
    time: Duration,
    end_stream: CancellationToken,
    _permit: Option<StreamPermit>,
}

impl BackgroundWork {
    /// Drives the instance until it has nothing left to do, then returns it to the pool.
    async fn finish(mut self) -> Result<(), String> {
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
            () = self.end_stream.cancelled(), if self.stream.is_some() => Ok(()),
            () = client_left(self.stream.as_ref()) => Ok(()),
        };
        if let Some(stream) = self.stream {
            stream.mark_broken();
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
