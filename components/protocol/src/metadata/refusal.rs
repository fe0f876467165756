//! A refusal for want of rights. The gateway has no database, so it asks the function behind it to
//! write the audit entry.

use crate::{Parameter, Request};

const REFUSED: &str = "operation";
const ERROR: &str = "error";
const SCOPE: &str = "required-scope";

/// What was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// The `operationId`.
    pub operation: Option<String>,
    /// The native name of the error's code.
    pub error: Option<String>,
    /// The scope that the caller lacks.
    pub required_scope: Option<String>,
}

impl Refusal {
    /// The name of the call. No operation of a contract has this name, so no client can call it.
    pub const OPERATION: &'static str = "note-refusal";

    /// The request of the call.
    pub fn request(self) -> Request {
        let said = [(REFUSED, self.operation), (ERROR, self.error), (SCOPE, self.required_scope)];
        let said =
            said.into_iter().filter_map(|(name, value)| Some(Parameter::header(name, value?)));
        Request { parameters: said.collect(), body: Vec::new() }
    }

    /// The refusal that a request tells of.
    pub fn read(request: &Request) -> Self {
        let said = |name| request.header(name).map(str::to_owned);
        Self { operation: said(REFUSED), error: said(ERROR), required_scope: said(SCOPE) }
    }
}
