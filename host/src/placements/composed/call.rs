//! One call of a `wasi:http` component.

use crate::guest::state::State;
use crate::placements::background::has_pending_tasks;
use crate::placements::pool::{Lease, Linked};
use bytes::Bytes;
use futures_util::future::{Either, select};
use http::{Request, Response, StatusCode, header};
use http_body::Body as _;
use http_body_util::{BodyExt as _, Limited};
use std::future::pending;
use std::pin::pin;
use wasmtime::{AsContextMut as _, Store};
use wasmtime_wasi_http::handler::{Prepared, Proxy, ProxyPre};
use wasmtime_wasi_http::{WasiBody, WasiHttpView as _};

/// Answers up to this many bytes are read from the instance at once. The gateway's are far smaller.
const MAX_WHOLE: usize = 8 << 20;

/// For a call between components that returns at once, Wasmtime 48 keeps the task, about 330 bytes,
/// because its `start_call` gives the caller no handle to delete it by (component/concurrent.rs). So
/// an instance keeps 330 KB at most.
impl Linked for ProxyPre<State> {
    type Exports = Proxy;
    const MAX_CALLS: usize = 1_000;

    async fn instantiate(&self, store: &mut Store<State>) -> wasmtime::Result<Proxy> {
        self.instantiate_async(store).await
    }
}

/// An answer.
pub(super) enum Answer {
    /// All of it is here.
    Whole(Response<Bytes>),
    /// The instance has yet to write the body.
    Begun(Response<WasiBody>),
}

/// What a call came to, and whether the instance still has something to do.
pub(super) struct CallResult {
    pub(super) answer: wasmtime::Result<Answer>,
    pub(super) has_pending_tasks: bool,
}

/// Calls the handler. `has_content` is false if the answer has no body, whatever its headers say.
///
/// # Errors
///
/// The guest has trapped.
pub(super) async fn run(
    lease: &mut Lease<Proxy>,
    request: Request<WasiBody>,
    has_content: bool,
) -> wasmtime::Result<CallResult> {
    let instance = &mut *lease.instance;
    let proxy = &instance.exports;
    let (sender, response) = futures_channel::oneshot::channel();
    instance
        .store
        .run_concurrent(async |accessor| {
            let prepared = accessor.with(|mut access| {
                Prepared::new(access.as_context_mut(), proxy, request, State::http, sender)
            })?;
            let answer = async {
                let response = response.await.map_err(wasmtime::Error::from)??;
                receive(response, has_content).await
            };
            // A handler of WASI 0.2 may go on after its answer has begun. It does so in the store,
            // also if this future of it is dropped.
            let (call, answer) = (pin!(prepared.run(accessor, pending())), pin!(answer));
            let answer = match select(call, answer).await {
                Either::Left((called, answer)) => {
                    called?;
                    answer.await
                }
                Either::Right((answer, _)) => answer,
            };
            Ok(CallResult { answer, has_pending_tasks: has_pending_tasks(accessor).await })
        })
        .await?
}

/// Reads a short answer to its end. So a slow client does not keep the instance.
async fn receive(response: Response<WasiBody>, has_content: bool) -> wasmtime::Result<Answer> {
    if !has_content || response.status() == StatusCode::NOT_MODIFIED {
        return Ok(Answer::Whole(response.map(|_| Bytes::new())));
    }
    let length = response.body().size_hint().upper();
    if is_stream(&response) || length.is_some_and(|length| length > MAX_WHOLE as u64) {
        return Ok(Answer::Begun(response));
    }
    let (parts, body) = response.into_parts();
    let whole = Limited::new(body, MAX_WHOLE).collect().await;
    let whole = whole.map_err(|error| wasmtime::format_err!("its answer: {error}"))?;
    Ok(Answer::Whole(Response::from_parts(parts, whole.to_bytes())))
}

/// Whether the response has content of unknown length.
pub(super) fn is_stream<B>(response: &Response<B>) -> bool {
    let headers = response.headers();
    headers.contains_key(header::CONTENT_TYPE) && !headers.contains_key(header::CONTENT_LENGTH)
}
