//! What the fuzz targets share. The functions that they run are those that `tests/fuzz_cases.rs` of `client/models`,
//! `client/inference`, `client/blobs` and `runtime` replay over the corpora.

#[path = "../../client/models/tests/entries/mod.rs"]
pub mod entries;

#[path = "../../client/models/tests/common/mod.rs"]
pub mod common;

#[cfg(feature = "engine")]
#[path = "../../client/inference/tests/entries/trace.rs"]
pub mod trace;

#[cfg(feature = "blobs")]
#[path = "../../client/blobs/tests/entries/blobs.rs"]
pub mod blobs;

#[cfg(feature = "runtime")]
#[path = "../../runtime/tests/entries/calls.rs"]
pub mod calls;

#[global_allocator]
static ALLOCATOR: entries::memory::Counting = entries::memory::Counting;

/// Before the first execution.
///
/// Calls into the tokenizer library catch its panics, so a panic alone is no finding: libFuzzer's hook, which aborts, is taken
/// out again, and what leaves an entry function still ends the process. All work is done by the one thread that is measured.
pub fn initialize() {
    let _ = std::panic::take_hook();
    // Fails only where a pool exists already.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global();
}

/// A libFuzzer target of an entry.
#[macro_export]
macro_rules! target {
    ($entry:path) => {
        libfuzzer_sys::fuzz_target!(init: $crate::initialize(), |data: &[u8]| {
            use $entry as entry;
            let _ = $crate::entries::run(&entry::ENTRY, data);
        });
    };
}
