//! `wasi:keyvalue@0.2.0-draft2`: store, atomics and batch, on the stores that the component
//! may open through `spin:key-value`.

use crate::guest::state::State;
use crate::stores::key_value::KeyValue;
use std::sync::Arc;
use wasmtime::component::{HasSelf, Linker, Resource};

mod bindings {
    wasmtime::component::bindgen!({
        path: "wit/wasi-keyvalue.wit",
        world: "host",
        imports: { default: async | trappable },
        with: {
            "wasi:keyvalue/store.bucket": super::Bucket,
            "wasi:keyvalue/atomics.cas": super::Swap,
        },
    });
}

use bindings::wasi::keyvalue::{atomics, batch, store};
use store::{Error, KeyResponse};

/// An open store.
#[derive(Clone)]
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Bucket(Arc<dyn KeyValue>);

/// A compare-and-swap that has begun. It holds the value that must still be there.
#[derive(Clone)]
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Swap {
    bucket: Bucket,
    key: String,
    seen: Option<Vec<u8>>,
}

type Answer<T> = wasmtime::Result<Result<T, Error>>;

pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    store::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    atomics::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    batch::add_to_linker::<State, HasSelf<State>>(linker, |state| state)
}

impl State {
    fn bucket(&self, handle: &Resource<Bucket>) -> wasmtime::Result<Bucket> {
        Ok(self.table.get(handle)?.clone())
    }

    async fn begin(&mut self, bucket: Bucket, key: String) -> Answer<Resource<Swap>> {
        Ok(match bucket.0.get(&key).await {
            Ok(seen) => Ok(self.table.push(Swap { bucket, key, seen })?),
            Err(error) => Err(Error::Other(error)),
        })
    }
}

impl store::Host for State {
    async fn open(&mut self, identifier: String) -> Answer<Resource<Bucket>> {
        Ok(match self.grants.stores.get(&identifier).cloned() {
            Some(store) => Ok(self.table.push(Bucket(store))?),
            None => Err(Error::AccessDenied),
        })
    }
}

impl store::HostBucket for State {
    async fn get(&mut self, bucket: Resource<Bucket>, key: String) -> Answer<Option<Vec<u8>>> {
        Ok(self.bucket(&bucket)?.0.get(&key).await.map_err(Error::Other))
    }

    async fn set(&mut self, bucket: Resource<Bucket>, key: String, value: Vec<u8>) -> Answer<()> {
        Ok(self.bucket(&bucket)?.0.set(&key, value).await.map_err(Error::Other))
    }

    async fn delete(&mut self, bucket: Resource<Bucket>, key: String) -> Answer<()> {
        Ok(self.bucket(&bucket)?.0.delete(&key).await.map_err(Error::Other))
    }

    async fn exists(&mut self, bucket: Resource<Bucket>, key: String) -> Answer<bool> {
        Ok(self.bucket(&bucket)?.0.exists(&key).await.map_err(Error::Other))
    }

    async fn list_keys(
        &mut self,
        bucket: Resource<Bucket>,
        cursor: Option<String>,
    ) -> Answer<KeyResponse> {
        if cursor.is_some() {
            return Ok(Err(Error::Other("list-keys returns all keys and no cursor".to_owned())));
        }
        let keys = self.bucket(&bucket)?.0.keys().await;
        Ok(keys.map(|keys| KeyResponse { keys, cursor: None }).map_err(Error::Other))
    }

    async fn drop(&mut self, bucket: Resource<Bucket>) -> wasmtime::Result<()> {
        self.table.delete(bucket)?;
        Ok(())
    }
}

impl atomics::Host for State {
    async fn increment(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
        delta: i64,
    ) -> Answer<i64> {
        Ok(self.bucket(&bucket)?.0.increment(&key, delta).await.map_err(Error::Other))
    }

    async fn swap(
        &mut self,
        cas: Resource<Swap>,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), atomics::CasError>> {
        let Swap { bucket, key, seen } = self.table.delete(cas)?;
        match bucket.0.swap(&key, seen, value).await {
            Ok(true) => Ok(Ok(())),
            Ok(false) => Ok(Err(match self.begin(bucket, key).await? {
                Ok(fresh) => atomics::CasError::CasFailed(fresh),
                Err(error) => atomics::CasError::StoreError(error),
            })),
            Err(error) => Ok(Err(atomics::CasError::StoreError(Error::Other(error)))),
        }
    }
}

impl atomics::HostCas for State {
    async fn new(&mut self, bucket: Resource<Bucket>, key: String) -> Answer<Resource<Swap>> {
        let bucket = self.bucket(&bucket)?;
        self.begin(bucket, key).await
    }

    async fn current(&mut self, cas: Resource<Swap>) -> Answer<Option<Vec<u8>>> {
        Ok(Ok(self.table.get(&cas)?.seen.clone()))
    }

    async fn drop(&mut self, cas: Resource<Swap>) -> wasmtime::Result<()> {
        self.table.delete(cas)?;
        Ok(())
    }
}

impl batch::Host for State {
    async fn get_many(
        &mut self,
        bucket: Resource<Bucket>,
        keys: Vec<String>,
    ) -> Answer<Vec<(String, Option<Vec<u8>>)>> {
        let bucket = self.bucket(&bucket)?;
        let mut pairs = Vec::with_capacity(keys.len());
        for key in keys {
            match bucket.0.get(&key).await {
                Ok(value) => pairs.push((key, value)),
                Err(error) => return Ok(Err(Error::Other(error))),
            }
        }
        Ok(Ok(pairs))
    }

    async fn set_many(
        &mut self,
        bucket: Resource<Bucket>,
        pairs: Vec<(String, Vec<u8>)>,
    ) -> Answer<()> {
        let bucket = self.bucket(&bucket)?;
        for (key, value) in pairs {
            if let Err(error) = bucket.0.set(&key, value).await {
                return Ok(Err(Error::Other(error)));
            }
        }
        Ok(Ok(()))
    }

    async fn delete_many(&mut self, bucket: Resource<Bucket>, keys: Vec<String>) -> Answer<()> {
        let bucket = self.bucket(&bucket)?;
        for key in keys {
            if let Err(error) = bucket.0.delete(&key).await {
                return Ok(Err(Error::Other(error)));
            }
        }
        Ok(Ok(()))
    }
}
