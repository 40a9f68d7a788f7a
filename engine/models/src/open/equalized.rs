//! Rows of an encoder's matrices whose columns are multiplied by powers of two: `docs/arithmetic.md`, "Equalization".

use strike_arithmetic::equalization::weight_factor;

use crate::architecture::tensors::{LayerTensor, TensorName};
use crate::architecture::Architecture;
use crate::canonical::blocks::{quantize_block, CANONICAL_BLOCK};
use crate::canonical::import::RowSource;
use crate::canonical::matrix::BLOCK;
use crate::canonical::panels::Rows;
use crate::containers::encoding::canonical_row;
use crate::error::ModelError;
use crate::open::rows::FileRows;

/// Whether the columns of a matrix are equalized: those of an encoder that multiply the hidden states.
pub(crate) fn is_equalized(architecture: &Architecture, name: TensorName) -> bool {
    use LayerTensor as T;
    matches!(architecture, Architecture::Encoder(_))
        && matches!(name, TensorName::Layer(_, T::Query | T::Key | T::Value | T::Up))
}

/// The rows of such a matrix.
pub(crate) struct EqualizedRows<'a> {
    pub rows: FileRows<'a>,
    /// One a column.
    pub exponents: &'a [u8],
}

impl RowSource for EqualizedRows<'_> {
    fn fill(&self, first: usize, count: usize, rows: &mut Rows, scratch: &mut Vec<u8>) -> Result<(), ModelError> {
        let encoding = self.rows.encoding;
        let mut values = vec![0.0; self.exponents.len()];
        self.rows.each(first, count, scratch, |row, bytes| {
            let blocks = rows.row_mut(row);
            canonical_row(encoding, bytes, blocks)
                && encoding.dequantize(bytes, &mut values)
                && equalize(&mut values, self.exponents, blocks)
        })
    }

    fn source_row_bytes(&self) -> usize {
        self.rows.source_row_bytes()
    }

    /// Their blocks are quantized anew.
    fn has_four_bits(&self) -> bool {
        false
    }
}

/// Replaces the blocks in which a column has an exponent; the others stay what the encoding made of them. `false` if a number
/// is too large.
fn equalize(values: &mut [f32], exponents: &[u8], blocks: &mut [u8]) -> bool {
    let values = values.as_chunks_mut::<BLOCK>().0.iter_mut();
    let blocks = blocks.as_chunks_mut::<CANONICAL_BLOCK>().0.iter_mut();
    let mut good = true;
    for ((values, exponents), block) in values.zip(exponents.as_chunks::<BLOCK>().0).zip(blocks) {
        if exponents.iter().all(|exponent| *exponent == 0) {
            continue;
        }
        for (value, exponent) in values.iter_mut().zip(exponents) {
            *value *= weight_factor::<f32>(*exponent);
        }
        good &= quantize_block(values, block);
    }
    good
}

#[cfg(test)]
mod tests {
    use strike_arithmetic::weights::quantize;

    use super::*;

    #[test]
    fn blocks_without_an_exponent_stay_and_the_others_are_quantized_anew() {
        let values: Vec<f32> = (0..64).map(|at| (at as f32 - 31.0) / 7.0).collect();
        let mut exponents = vec![0; 64];
        exponents[40] = 3;
        let mut blocks = vec![0x55; 2 * CANONICAL_BLOCK];
        assert!(equalize(&mut values.clone(), &exponents, &mut blocks));
        assert_eq!(blocks[..CANONICAL_BLOCK], [0x55; CANONICAL_BLOCK]);
        let mut expected: [f32; BLOCK] = values[32..].try_into().unwrap();
        expected[8] *= 8.0;
        let expected = quantize(&expected).unwrap();
        assert_eq!(blocks[CANONICAL_BLOCK..][..2], expected.scale.to_le_bytes());
        assert_eq!(blocks[CANONICAL_BLOCK + 2..], expected.q.map(|q| q as u8));
    }

    #[test]
    fn a_weight_that_becomes_too_large_is_refused() {
        let mut exponents = vec![0; 32];
        exponents[5] = 1;
        let mut values = vec![6e6f32; 32];
        assert!(!equalize(&mut values, &exponents, &mut [0; CANONICAL_BLOCK]));
    }
}
