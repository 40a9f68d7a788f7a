//! Tasks and calls that may fail, and the node goes on.

use std::{future::Future, time::Duration};

/// The longest pause before a task begins anew.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Runs a task to its end. Where it panics, the log says so, and it begins anew after a pause: twice as long each time. Without this the
/// panic would end the node.
pub(super) async fn resilient<F>(name: &'static str, mut pause: Duration, mut task: impl FnMut() -> F)
where
    F: Future<Output = ()>,
{
    while let Err(panicked) = strike_guard::catch_in(async { task().await }).await {
        log::error!(
            "The task {name} failed, and begins anew in {} s. This is a bug of the node: report it with this log. {panicked}",
            pause.as_secs(),
        );
        tokio::time::sleep(pause).await;
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
    }
}

/// What a call comes to that blocks its thread. A panic of it is an error like another.
pub(super) async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    match tokio::task::spawn_blocking(move || strike_guard::catch(call)).await {
        Ok(Ok(result)) => result,
        Ok(Err(panicked)) => Err(format!("a bug of the node: {panicked}")),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[tokio::test]
    async fn a_task_that_panics_begins_anew_and_the_node_goes_on() {
        // As in a node: from here on a panic that nobody catches ends the process.
        sp_panic_handler::set("nowhere", "0");
        let begun = Cell::new(0);
        let task = || {
            begun.set(begun.get() + 1);
            let nth = begun.get();
            // While it is made.
            assert!(nth != 1, "planted");
            async move {
                tokio::task::yield_now().await;
                // While it runs.
                assert!(nth != 2, "planted");
            }
        };
        resilient("test", Duration::ZERO, task).await;
        assert_eq!(begun.get(), 3);
    }

    #[tokio::test]
    async fn a_blocking_call_that_panics_is_an_error() {
        sp_panic_handler::set("nowhere", "0");
        assert_eq!(blocking(|| Ok(1)).await, Ok(1));
        assert_eq!(blocking::<()>(|| Err("no".into())).await, Err("no".into()));
        let error = blocking::<()>(|| panic!("planted")).await.unwrap_err();
        assert!(error.contains("planted"), "{error}");
    }
}
