//! The environment of the gateway when it runs natively. It has the same stores, variables and log
//! that a component has.

use super::call::{CalledBy, Outcome};
use super::function::Function;
use crate::http::body::stream::ByteStream;
use gateway::limits::{BucketRequest, Decision, Quota};
use gateway::{Body, Context, DueWork, Fault, Platform, Request};
use std::time::{SystemTime, UNIX_EPOCH};

impl Platform for Function {
    type Stream = ByteStream;

    fn now(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    fn random(&self) -> [u8; 16] {
        // A generator in this process, seeded by the operating system, saves a system call.
        rand::random()
    }

    async fn variable(&self, name: &str) -> Option<String> {
        self.grants.variables.get(name).cloned()
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Fault> {
        self.store()?.get(key).await.map_err(Fault::Unavailable)
    }

    async fn set(&self, key: &str, value: &[u8]) -> Result<(), Fault> {
        self.store()?.set(key, value.to_vec()).await.map_err(Fault::Unavailable)
    }

    async fn delete(&self, key: &str) -> Result<(), Fault> {
        self.store()?.delete(key).await.map_err(Fault::Unavailable)
    }

    async fn take(&self, key: &str, quota: Quota, cost: u32) -> Result<Decision, Fault> {
        self.store()?.take(key, BucketRequest::new(quota, cost)).await.map_err(Fault::Unavailable)
    }

    async fn swap(&self, key: &str, expected: Option<&[u8]>, value: &[u8]) -> Result<bool, Fault> {
        let swap = self.store()?.swap(key, expected.map(<[u8]>::to_vec), value.to_vec());
        swap.await.map_err(Fault::Unavailable)
    }

    async fn call(
        &self,
        context: Context,
        operation: &str,
        request: Request,
    ) -> Result<Outcome, Fault> {
        self.invoke(context, operation.to_owned(), request, CalledBy::Client).await
    }

    async fn fetch_keys(&self) -> Result<Vec<u8>, Fault> {
        let asked = self.keyring.get().and_then(|(function, id)| Some((function.upgrade()?, id)));
        let Some((function, operation)) = asked else {
            return Err(Fault::Unavailable("no function here publishes keys".to_owned()));
        };
        let context = Context { trace_id: "0".repeat(32), caller: None };
        let asked = Request::default();
        match function.invoke(context, operation.clone(), asked, CalledBy::Client).await? {
            Ok(response) => match response.body {
                Body::Bytes(keys) if response.status == 200 => Ok(keys),
                _ => Err(Fault::Unavailable(format!("{} sent no keys", function.name()))),
            },
            Err(error) => {
                let cause = error.internal.unwrap_or(error.message);
                Err(Fault::Unavailable(format!("{} refused its keys: {cause}", function.name())))
            }
        }
    }

    fn wake(&self, due: DueWork) {
        self.background.work_due.of(due).notify_one();
    }

    fn log(&self, line: &str) {
        self.log.line(line);
    }
}
