//! What is ordered: a generation or embeddings, with an input that rides in the order or travels, and a price.

mod embedding;
mod fit;
mod generation;
mod input;
mod quote;

pub use embedding::{jobs, Embedding};
pub use generation::Generation;
pub use input::leave;
pub use quote::{at_quote, costs, tell_costs};
