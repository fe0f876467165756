//! The event feed of a tenant: append-only, in the order of the commits (B-48, B-49).

mod contract {
    #![allow(missing_docs, unreachable_pub)]
    include!(concat!(env!("OUT_DIR"), "/contract.rs"));
}

mod cloud_events;
mod event;
mod feed;
mod selection;
mod stream;
mod tick;

use contract::Op;
use kit::Call;

kit::function!(Op, dispatch);

async fn dispatch(op: Op, call: Call) -> kit::Result {
    match op {
        Op::GetEvent => feed::get(&call).await,
        Op::ListEvents => feed::list(&call).await,
        Op::StreamEvents => stream::open(call).await,
        Op::Tick => tick::run(&call).await,
    }
}
