//! The operators of one cell: what a layer computed at one position, recomputed on demand by the scalar reference.
//!
//! A trace holds a hash of every cell and nothing of its inside. Where two traces differ first, the operators of that cell say in
//! which operation and at which number: `docs/arithmetic.md`, "Operators".

mod compare;
mod layer;
mod operator;
mod recompute;

pub use compare::{Difference, Finding};
pub use operator::{Number, Operator, OperatorOutput, Operators};

#[cfg(test)]
pub(crate) use layer::{compute, linear, weights, Past, Place, Witness};
