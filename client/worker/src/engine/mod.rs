//! The engine as the worker uses it: the models of this node, and the execution of work on them.

pub(crate) mod execute;
pub(crate) mod fingerprint;
pub(crate) mod loaded_models;
pub(crate) mod memory;
pub(crate) mod model_store;
pub(crate) mod threads;
pub(crate) mod tokenizers;
