//! Holds the workspace to its layout. The tests of this crate run it over the workspace; `docs/architecture.md` has the layout in words.
//!
//! - [`crates`]: which wing may depend on which, by the manifests;
//! - [`modules`]: which file of a crate imports which, and the circles among them;
//! - [`lengths`]: files that are too long to read at once.

pub mod crates;
pub mod lengths;
pub mod modules;
