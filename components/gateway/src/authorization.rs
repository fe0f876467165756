//! Scopes. The contract names the scopes that an operation needs, and the caller must hold all of
//! them.

use protocol::{Caller, Code, Error};

use crate::router::Route;

pub(crate) fn check(route: &Route<'_>, caller: Option<&Caller>) -> Result<(), Error> {
    let held = |scope: &String| caller.is_some_and(|caller| caller.grants.has_scope(scope));
    let missing: Vec<&str> =
        route.operation.scopes.iter().filter(|scope| !held(scope)).map(String::as_str).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let missing = missing.join(" ");
    Err(Error::new(Code::InsufficientScope, format!("The credential lacks the scope {missing}."))
        .with("required_scope", route.operation.scopes.join(" ")))
}
