//! The engine as the worker uses it: the models of this node, and the execution of work on them.

pub(crate) mod execute;
pub(crate) mod model_store;
pub(crate) mod tokenizers;
