//! Replays what the fuzzing of tokenizers and chat templates keeps, as `engine/models/tests/fuzz_cases.rs` does for models.

#[path = "../../models/tests/common/mod.rs"]
mod common;
#[path = "../../models/tests/fuzz/mod.rs"]
mod fuzz;
#[path = "fuzz/mod.rs"]
mod texts;

#[global_allocator]
static ALLOCATOR: fuzz::memory::Counting = fuzz::memory::Counting;

/// One test: memory is counted for the whole process.
#[test]
fn nothing_but_results_and_errors_within_the_bounds_of_memory() {
    fuzz::replay::replay(&texts::ALL, texts::seeds::seeds(), texts::costly::inputs);
}
