//! `spin:variables@3.0.0`

use crate::guest::state::State;
use wasmtime::component::{Accessor, HasSelf, Linker};

mod bindings {
    wasmtime::component::bindgen!({
        path: "wit/spin-variables.wit",
        world: "host",
        imports: { default: trappable },
    });
}

use bindings::spin::variables::variables::{Error, Host, HostWithStore, add_to_linker};

pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    add_to_linker::<State, HasSelf<State>>(linker, |state| state)
}

impl Host for State {}

impl HostWithStore<State> for HasSelf<State> {
    async fn get(
        accessor: &Accessor<State, Self>,
        name: String,
    ) -> wasmtime::Result<Result<String, Error>> {
        let value = accessor.with(|mut access| access.get().grants.variables.get(&name).cloned());
        Ok(match value {
            Some(value) => Ok(value),
            None => Err(match crate::config::variables::check_name(&name) {
                Ok(()) => Error::Undefined(format!("the component has no variable {name:?}")),
                Err(error) => Error::InvalidName(error.to_string()),
            }),
        })
    }
}
