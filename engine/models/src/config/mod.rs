//! Configurations: `config.json` and GGUF metadata become an [`Architecture`](crate::architecture::Architecture).
//!
//! Both are read into the same description, which one function checks: the numbers that reach the architecture do not depend
//! on the container. What a family has of its own stands in `families`.

mod bounds;
pub(crate) mod configuration;
mod decoder;
mod encoder;
pub(crate) mod families;
pub(crate) mod from_gguf;
pub(crate) mod from_json;
mod keys;
pub(crate) mod pooling;
pub(crate) mod raw;
mod rope;
pub(crate) mod special;
