//! One call of a function.

use super::bindings::Function as Exports;
use super::bindings::tenantry::platform::messages;
use super::function::Function;
use crate::guest::state::State;
use crate::http::body::stream::{self, ByteStream, StreamControl};
use crate::http::problem::one_line;
use crate::http::streams::LimitReached;
use crate::placements::admission::Turn;
use crate::placements::background::{RemainingWork, has_pending_tasks};
use crate::placements::pool::Lease;
use gateway::holder::Holder;
use gateway::{Body, Context, Error, Fault, Request, Response};
use tracing::Instrument as _;
use wasmtime::AsContextMut;
use wasmtime::component::Accessor;

/// The answer of a function, or its error.
pub(super) type Outcome = Result<Response<ByteStream>, Error>;

/// Who makes a call.
pub(super) enum CalledBy {
    /// A client, or the gateway for one. Such a call takes turns with others.
    Client,
    /// The runner itself, which bounds how many calls it makes. They wait for nobody.
    Runner,
}

/// An answer, and whether the instance still has something to do.
struct CallResult {
    outcome: Outcome,
    stream: Option<StreamControl>,
    has_pending_tasks: bool,
}

impl Function {
    /// Calls `route.handle`.
    ///
    /// The timeout is around the whole run, because a timeout inside it does not fire while the guest
    /// holds the store. If a guest runs into the timeout or traps, then it is dropped with its store.
    /// That costs only this request.
    pub(super) async fn invoke(
        &self,
        context: Context,
        operation: String,
        request: Request,
        called_by: CalledBy,
    ) -> Result<Outcome, Fault> {
        let holder = Holder::of(&context, &request);
        let component = self.name();
        let span = tracing::info_span!("function", component, operation);
        let name = || holder.turn();
        let turn = match called_by {
            CalledBy::Client => Turn::Fair(&name),
            CalledBy::Runner => Turn::AtOnce,
        };
        let mut lease = self.pool.take(turn).await?;
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
        let (time, stream) = match result.stream {
            None => (self.limits.request, None),
            Some(control) => match self.streams.open(Some(holder)) {
                Ok(permit) => (self.limits.stream, Some((control, permit))),
                Err(LimitReached::Own) => return Err(Fault::Streams),
                Err(LimitReached::All) => return Err(Fault::Busy),
            },
        };
        let work = RemainingWork { pool: self.pool.clone(), lease, stream, time };
        self.background.spawn(work, self.log.clone(), self.name().to_owned());
        Ok(result.outcome)
    }
}

async fn run(
    lease: &mut Lease<Exports>,
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
