//! What is read of a configuration.

use super::families::family::Family;
use crate::architecture::{Architecture, SpecialTokens};

/// What the files say beside the tensors.
pub(crate) struct Configuration {
    pub family: &'static Family,
    pub architecture: Architecture,
    pub special: SpecialTokens,
    /// Rows of a position table before the first position.
    pub position_offset: usize,
    /// The base of the rotary embedding, where nothing but it decides the angles.
    pub rotary_base: Option<f64>,
}
