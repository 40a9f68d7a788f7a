//! Rotary position embedding over halves.

use candle_core::{Device, Result, Tensor, D};
use strike_models::architecture::Rotary;

/// Sines and cosines of consecutive positions, `positions × dims/2`.
pub(super) struct Angles {
    sines: Tensor,
    cosines: Tensor,
}

impl Angles {
    /// Of the positions from `first` on; `long` chooses the angles of long sequences.
    pub fn new(rotary: &Rotary, long: bool, first: usize, count: usize, device: &Device) -> Result<Self> {
        let frequencies = match &rotary.long {
            Some(other) if long => &other.inv_freq,
            _ => &rotary.inv_freq,
        };
        // transformers multiplies in f32: at far positions the product's rounding is part of what models were trained with.
        let angles: Vec<f32> =
            (first..first + count).flat_map(|at| frequencies.iter().map(move |angle| at as f32 * angle)).collect();
        let factor = f64::from(rotary.attention_factor);
        let table = |function: fn(f64) -> f64| {
            let values: Vec<f32> = angles.iter().map(|angle| (function(f64::from(*angle)) * factor) as f32).collect();
            Tensor::from_vec(values, (count, frequencies.len()), device)
        };
        Ok(Self { sines: table(libm::sin)?, cosines: table(libm::cos)? })
    }

    /// Rotates `heads × positions × head_dim`; elements beyond the rotary dimensions stay.
    pub fn rotate(&self, heads: &Tensor) -> Result<Tensor> {
        let (width, dims) = (heads.dim(D::Minus1)?, 2 * self.sines.dim(1)?);
        let rotate =
            |heads: Tensor| candle_nn::rotary_emb::rope(&heads.unsqueeze(0)?, &self.cosines, &self.sines)?.squeeze(0);
        if dims == width {
            return rotate(heads.contiguous()?);
        }
        let rotated = rotate(heads.narrow(D::Minus1, 0, dims)?.contiguous()?)?;
        Tensor::cat(&[rotated, heads.narrow(D::Minus1, dims, width - dims)?], D::Minus1)
    }
}
