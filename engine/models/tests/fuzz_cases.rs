//! Replays what the fuzzing (`scripts/fuzz.sh`) keeps: the corpora, and every input that once ended in a panic, a hang or too
//! much memory.

mod common;
mod fuzz;

#[global_allocator]
static ALLOCATOR: fuzz::memory::Counting = fuzz::memory::Counting;

/// One test: memory is counted for the whole process.
#[test]
fn nothing_but_results_and_errors_within_the_bounds_of_memory() {
    fuzz::replay::replay(&fuzz::ALL, fuzz::seeds::seeds(), fuzz::costly::inputs);
}
