//! The state of one exchange, request and response, which its instance and its response share.

use crate::guest::memory::MemoryStatus;
use futures_util::task::AtomicWaker;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Context;

/// State that the instance of a request and its response share.
#[derive(Clone, Default)]
pub(crate) struct Exchange(Arc<Inner>);

#[derive(Default)]
struct Inner {
    broken: AtomicBool,
    abandoned: AtomicBool,
    instance: AtomicWaker,
    memory: OnceLock<MemoryStatus>,
}

impl Exchange {
    /// Records the memory of the instance that has taken the request.
    pub(crate) fn assign(&self, memory: MemoryStatus) {
        let _ = self.0.memory.set(memory);
    }

    /// Whether the instance was refused memory during the request.
    pub(crate) fn was_refused(&self) -> bool {
        self.0.memory.get().is_some_and(MemoryStatus::was_refused)
    }

    /// Records that the instance ends while the response may still be on its way.
    pub(crate) fn mark_broken(&self) {
        self.0.broken.store(true, Ordering::Release);
    }

    /// Whether the response ends by accident; returns true only once.
    pub(crate) fn take_broken(&self) -> bool {
        self.0.broken.swap(false, Ordering::Acquire)
    }

    /// Whether the client has stopped reading the stream.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.0.abandoned.load(Ordering::Acquire)
    }

    /// The same as [`Self::is_abandoned`], and wakes the task when that becomes true.
    pub(crate) fn poll_abandoned(&self, cx: &Context<'_>) -> bool {
        self.0.instance.register(cx.waker());
        self.is_abandoned()
    }
}

/// The reading end of a stream. If it is dropped before the end, then the instance is ended.
/// Without it the instance would notice that nobody reads only at its next write.
pub(crate) struct ReaderGuard {
    exchange: Exchange,
    ended: bool,
}

impl ReaderGuard {
    /// The reader of the stream that answers the request of this exchange.
    pub(crate) fn new(exchange: Exchange) -> Self {
        Self { exchange, ended: false }
    }

    /// Records that the whole stream was read.
    pub(crate) fn finish(&mut self) {
        self.ended = true;
    }
}

impl Drop for ReaderGuard {
    fn drop(&mut self) {
        if !self.ended {
            self.exchange.0.abandoned.store(true, Ordering::Release);
            self.exchange.0.instance.wake();
        }
    }
}
