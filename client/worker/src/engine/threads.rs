//! The threads that models are loaded and run on: everything else of the node goes before them, and a panic of one ends its
//! run alone.

use sp_panic_handler::AbortGuard;
use std::thread;

/// How far the threads of the engine stand back: a thread of consensus that has work gets about ten times as much time.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Called first by each thread of the engine, and by those of runs and loads.
pub(crate) fn begin() {
    // The SDK's panic hook ends the process unless the thread says otherwise. It says so for as long as it lives.
    std::mem::forget(AbortGuard::force_unwind());
    // On Linux a niceness is a thread's own.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        log::debug!(target: crate::limits::LOG_TARGET, "A thread of the engine runs at the usual priority: {error}");
    }
}

/// How many threads the engine gets where the operator says nothing: one for each core, as everything else goes before them; where
/// it cannot, all but one.
pub fn usual_threads() -> usize {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    if cfg!(target_os = "linux") {
        cores
    } else {
        cores.saturating_sub(1).max(1)
    }
}

/// Make `rayon`'s threads, on which models are imported and the statistical class computes, threads of the engine. To be called once,
/// before anything uses them; afterwards they stay as they are.
pub fn limit_import_threads(threads: usize) {
    let builder = rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(|index| format!("engine-r{index}"));
    if let Err(error) = builder.start_handler(|_| begin()).build_global() {
        log::debug!(target: crate::limits::LOG_TARGET, "rayon's threads are as they were: {error}");
    }
}
