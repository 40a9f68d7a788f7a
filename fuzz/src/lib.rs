//! What the fuzz targets share. The functions that they run are those that `tests/fuzz_cases.rs` of `engine/models`,
//! `engine/tokenizers`, `engine/inference`, `client/blobs` and `runtime` replay over the corpora.

#[path = "../../engine/models/tests/fuzz/mod.rs"]
pub mod fuzz;

#[path = "../../engine/models/tests/common/mod.rs"]
pub mod common;

#[path = "../../engine/tokenizers/tests/fuzz/mod.rs"]
pub mod texts;

#[cfg(feature = "engine")]
#[path = "../../engine/inference/tests/fuzz/trace.rs"]
pub mod trace;

#[cfg(feature = "blobs")]
#[path = "../../client/blobs/tests/fuzz/blobs.rs"]
pub mod blobs;

#[cfg(feature = "runtime")]
#[path = "../../runtime/tests/fuzz/calls.rs"]
pub mod calls;

#[global_allocator]
static ALLOCATOR: fuzz::memory::Counting = fuzz::memory::Counting;

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
            let _ = $crate::fuzz::run(&entry::ENTRY, data);
        });
    };
}
