//! Calls of the runner itself, such as those of the ticker. They do not pass the gateway, so they
//! have no limits and no access line.

use super::call::CalledBy;
use super::function::Function;
use gateway::{Body, Context, Fault, Location, Parameter, Platform as _, Request};
use protocol::metadata::{self, RequestMetadata};

/// The answer to a call: its status, and the body or the reason why there is none.
pub(crate) type Answer = (u16, Result<Vec<u8>, String>);

impl Function {
    /// Calls a public operation (`POST path?query`) with the operator's credential. The query has
    /// no escapes.
    pub(super) async fn call_directly(&self, path: &str, query: &str, token: &str) -> Answer {
        let called = |it: &&gateway::Operation| it.public && it.method == "POST" && it.path == path;
        let Some(operation) = self.operations().iter().find(called) else {
            return (404, Err(format!("{} has no such operation", self.name())));
        };
        let (request_id, trace_id) = gateway::new_ids(self.random());
        let mut parameters = vec![Parameter::header("authorization", format!("Bearer {token}"))];
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            let (name, value) = (name.to_owned(), value.to_owned());
            parameters.push(Parameter { location: Location::Query, name, value });
        }
        // The runner is a program on this machine. In development, functions serve no other.
        RequestMetadata { request_id, is_local: true, ..RequestMetadata::default() }
            .write(&mut parameters);
        let context = Context { trace_id, caller: None };
        let request = Request { parameters, body: Vec::new() };
        match self.invoke(context, operation.id.clone(), request, CalledBy::Runner).await {
            Ok(Ok(mut response)) => {
                for due in metadata::take_work_due(&mut response.headers) {
                    self.wake(due);
                }
                let body = match response.body {
                    Body::Empty => Ok(Vec::new()),
                    Body::Bytes(bytes) => Ok(bytes),
                    Body::Streaming(_) => Err("answered with a stream".to_owned()),
                };
                (response.status, body)
            }
            Ok(Err(error)) => {
                (error.code.row().status, Err(error.internal.unwrap_or(error.message)))
            }
            Err(fault) => failure(fault),
        }
    }
}

/// The status that the gateway would give, and what went wrong.
fn failure(fault: Fault) -> Answer {
    let (status, cause) = match fault {
        Fault::Timeout => (504, "did not answer in time".to_owned()),
        Fault::Trapped(cause) => (500, cause),
        Fault::Unavailable(cause) => (503, cause),
        Fault::Busy | Fault::Streams => (503, "all instances are busy".to_owned()),
    };
    (status, Err(cause))
}
