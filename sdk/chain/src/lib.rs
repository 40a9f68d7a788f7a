#![doc = include_str!("../README.md")]

pub mod amounts;
pub mod calls;
pub mod client;
pub mod error;
pub mod errors;
pub mod extrinsic;
pub mod fate;
pub mod follow;
pub mod keys;
pub mod lookup;
pub mod order;
pub mod outcome;
pub mod output;
pub mod progress;
pub mod submit;

pub use calls::Call;
pub use client::{Chain, Patience};
pub use error::{Error, Result};
pub use extrinsic::Inclusion;
pub use fate::{Fate, Sent};
pub use follow::{follow, Update};
pub use lookup::{TransactionQuery, Whereabouts};
pub use order::{Embedding, Generation};
pub use progress::Progress;
pub use submit::Submission;
