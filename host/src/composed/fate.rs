//! What becomes of one request, told between its instance and its response.

use crate::memory::Marks;
use futures_util::task::AtomicWaker;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Context;

/// Shared by the instance that serves a request and the response on its way.
#[derive(Clone, Default)]
pub(crate) struct Fate(Arc<Inner>);

#[derive(Default)]
struct Inner {
    broken: AtomicBool,
    left: AtomicBool,
    instance: AtomicWaker,
    memory: OnceLock<Marks>,
}

impl Fate {
    /// An instance with this memory has taken the request.
    pub(super) fn taken(&self, memory: Marks) {
        let _ = self.0.memory.set(memory);
    }

    /// Whether the instance was refused memory for it.
    pub(super) fn is_refused(&self) -> bool {
        self.0.memory.get().is_some_and(Marks::is_refused)
    }

    /// The instance goes while the response may still be on its way.
    pub(super) fn breaks(&self) {
        self.0.broken.store(true, Ordering::Release);
    }

    /// Whether the response ends by accident; tells it once.
    pub(crate) fn take_broken(&self) -> bool {
        self.0.broken.swap(false, Ordering::Acquire)
    }

    /// Whether nobody reads the stream any more.
    pub(super) fn is_left(&self) -> bool {
        self.0.left.load(Ordering::Acquire)
    }

    /// The same, and wakes the task when it becomes so.
    pub(super) fn poll_left(&self, cx: &Context<'_>) -> bool {
        self.0.instance.register(cx.waker());
        self.is_left()
    }
}

/// The reader of a stream. When it goes before the end, the instance does: without it, the
/// instance would learn only when it writes again that it writes for nobody.
pub(crate) struct Reader {
    fate: Fate,
    ended: bool,
}

impl Reader {
    /// Of the stream that answers this request.
    pub(super) fn new(fate: Fate) -> Self {
        Self { fate, ended: false }
    }

    /// It has read all.
    pub(crate) fn ends(&mut self) {
        self.ended = true;
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if !self.ended {
            self.fate.0.left.store(true, Ordering::Release);
            self.fate.0.instance.wake();
        }
    }
}
