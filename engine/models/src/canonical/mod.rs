//! The one form in which the exact class computes with a model, whichever files it came in: `FORMATS.md`.

pub(crate) mod aligned;
pub(crate) mod blocks;
pub(crate) mod import;
pub(crate) mod matrix;
pub(crate) mod merkle;
pub(crate) mod panels;
pub(crate) mod root;
