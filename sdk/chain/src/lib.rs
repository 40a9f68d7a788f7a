#![doc = include_str!("../README.md")]

pub mod amounts;
pub mod calls;
pub mod client;
pub mod error;
pub mod errors;
pub mod follow;
pub mod keys;
pub mod order;
pub mod outcome;
pub mod output;
pub mod progress;
pub mod submit;

pub use calls::Call;
pub use client::Chain;
pub use error::{Error, Result};
pub use follow::{follow, Update};
pub use order::{Embedding, Generation};
pub use progress::Progress;
pub use submit::{Inclusion, Submission};
