//! What commands show: sentences and tables for people, JSON for programs.

#[cfg(test)]
pub(crate) mod fixtures;
pub mod json;
pub mod text;
pub mod words;
