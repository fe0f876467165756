//! `spin:key-value@3.0.0`

use crate::guest::state::State;
use crate::stores::key_value::KeyValue;
use std::sync::Arc;
use wasmtime::component::{Accessor, FutureReader, HasSelf, Linker, Resource, StreamReader};

mod bindings {
    wasmtime::component::bindgen!({
        path: "wit/spin-key-value.wit",
        world: "host",
        imports: { default: trappable },
        with: { "spin:key-value/key-value.store": super::Handle },
    });
}

use bindings::spin::key_value::key_value::{
    Error, Host, HostStore, HostStoreWithStore, add_to_linker,
};

/// A store that a guest has opened.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Handle(Arc<dyn KeyValue>);

pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    add_to_linker::<State, HasSelf<State>>(linker, |state| state)
}

impl Host for State {}

impl HostStore for State {
    fn drop(&mut self, store: Resource<Handle>) -> wasmtime::Result<()> {
        self.table.delete(store)?;
        Ok(())
    }
}

type Answer<T> = wasmtime::Result<Result<T, Error>>;

fn store(
    accessor: &Accessor<State, HasSelf<State>>,
    handle: &Resource<Handle>,
) -> wasmtime::Result<Arc<dyn KeyValue>> {
    accessor.with(|mut access| Ok(access.get().table.get(handle)?.0.clone()))
}

impl HostStoreWithStore<State> for HasSelf<State> {
    async fn open(accessor: &Accessor<State, Self>, label: String) -> Answer<Resource<Handle>> {
        accessor.with(|mut access| {
            let state = access.get();
            match state.grants.stores.get(&label).cloned() {
                Some(store) => Ok(Ok(state.table.push(Handle(store))?)),
                None => Ok(Err(Error::AccessDenied)),
            }
        })
    }

    async fn get(
        accessor: &Accessor<State, Self>,
        handle: Resource<Handle>,
        key: String,
    ) -> Answer<Option<Vec<u8>>> {
        Ok(store(accessor, &handle)?.get(&key).await.map_err(Error::Other))
    }

    async fn set(
        accessor: &Accessor<State, Self>,
        handle: Resource<Handle>,
        key: String,
        value: Vec<u8>,
    ) -> Answer<()> {
        Ok(store(accessor, &handle)?.set(&key, value).await.map_err(Error::Other))
    }

    async fn delete(
        accessor: &Accessor<State, Self>,
        handle: Resource<Handle>,
        key: String,
    ) -> Answer<()> {
        Ok(store(accessor, &handle)?.delete(&key).await.map_err(Error::Other))
    }

    async fn exists(
        accessor: &Accessor<State, Self>,
        handle: Resource<Handle>,
        key: String,
    ) -> Answer<bool> {
        Ok(store(accessor, &handle)?.exists(&key).await.map_err(Error::Other))
    }

    async fn get_keys(
        accessor: &Accessor<State, Self>,
        handle: Resource<Handle>,
    ) -> wasmtime::Result<(StreamReader<String>, FutureReader<Result<(), Error>>)> {
        let (keys, end) = match store(accessor, &handle)?.keys().await {
            Ok(keys) => (keys, Ok(())),
            Err(error) => (Vec::new(), Err(Error::Other(error))),
        };
        accessor.with(|mut access| {
            let keys = StreamReader::new(&mut access, keys)?;
            Ok((keys, FutureReader::new(&mut access, async { Ok::<_, wasmtime::Error>(end) })?))
        })
    }
}
