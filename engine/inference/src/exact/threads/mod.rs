//! Work on several threads: who does it, on which rows, in which float state, with which memory.

pub(crate) mod float_state;
pub(crate) mod parallel;
pub(crate) mod pool;
pub(crate) mod thread_pool;
