//! Panics that end a call or a task, and not the node.
//!
//! The SDK's panic hook ends the process, whichever thread panics: no `catch_unwind` behind it, and no task that may end by itself,
//! ever sees the panic. A thread says by an [`AbortGuard`] that its panics are to unwind. What this node does beside following the chain
//! runs behind [`catch`] or [`catch_in`]: a call of a stranger, a fetch, an announcement. Consensus and import do not: there a panic ends
//! the node, as the SDK has it.

use sp_panic_handler::AbortGuard;
use std::{
    any::Any,
    future::Future,
    panic::{catch_unwind, AssertUnwindSafe},
    pin::Pin,
    task::{Context, Poll},
};

/// That something panicked, and what it said. The hook has written the place and the backtrace to standard error.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("it panicked: {0}")]
pub struct Panicked(String);

impl Panicked {
    fn of(payload: Box<dyn Any + Send>) -> Self {
        let said = payload.downcast_ref::<&str>().map(ToString::to_string);
        Self(said.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a word".into()))
    }
}

/// What `call` returns, unless it panics.
///
/// What the call had begun to change stays as it is: behind it nothing may hang on the half of a change.
pub fn catch<T>(call: impl FnOnce() -> T) -> Result<T, Panicked> {
    let _guard = AbortGuard::force_unwind();
    catch_unwind(AssertUnwindSafe(call)).map_err(Panicked::of)
}

/// [`catch`] for a future: it may be polled on any thread.
pub fn catch_in<F: Future>(future: F) -> CatchIn<F> {
    CatchIn(Box::pin(future))
}

/// See [`catch_in`].
pub struct CatchIn<F>(Pin<Box<F>>);

impl<F: Future> Future for CatchIn<F> {
    type Output = Result<F::Output, Panicked>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // The guard holds for its thread, and so for one poll.
        match catch(|| self.0.as_mut().poll(context)) {
            Ok(polled) => polled.map(Ok),
            Err(panicked) => Poll::Ready(Err(panicked)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From here on a panic that nobody catches ends this process, and so the test.
    fn panics_end_the_process() {
        sp_panic_handler::set("nowhere", "0");
    }

    #[test]
    fn a_panic_becomes_an_error_that_says_what_was_said() {
        panics_end_the_process();
        assert_eq!(catch(|| 1), Ok(1));
        assert_eq!(catch::<()>(|| panic!("planted")), Err(Panicked("planted".into())));
        assert_eq!(catch::<()>(|| panic!("planted {}", 2)), Err(Panicked("planted 2".into())));
        let other = catch::<()>(|| std::panic::panic_any(3));
        assert_eq!(other.map_err(|error| error.to_string()), Err("it panicked: without a word".into()));
    }

    async fn late() {
        tokio::task::yield_now().await;
        panic!("planted")
    }

    #[tokio::test]
    async fn a_future_may_panic_in_any_poll() {
        panics_end_the_process();
        assert_eq!(catch_in(async { 1 }).await, Ok(1));
        assert_eq!(catch_in(late()).await, Err(Panicked("planted".into())));
    }
}
