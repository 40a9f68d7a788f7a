//! Products of quantized activation rows with a weight matrix: `docs/arithmetic.md`, "Linear layers".
//!
//! Vector lanes are output columns, so no instruction set changes the order of a sum. A kernel computes a few rows against one
//! panel of 32 columns; callers split panels among threads.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod operands;
mod scalar;

use strike_models::tensors::{Matrix, Packing, BLOCK, PANEL_COLUMNS};

use self::operands::Operands;
use crate::isa::Isa;
use crate::kernels::activations::Activations;

/// Where results go: rows of `stride` numbers.
///
/// Threads write disjoint columns of the same rows, which references cannot express.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    data: *mut f32,
    rows: usize,
    stride: usize,
}

// SAFETY: the constructor takes the buffer exclusively, and users write disjoint columns.
unsafe impl Send for Output {}
// SAFETY: as above.
unsafe impl Sync for Output {}

impl Output {
    /// Rows of `stride` numbers; the buffer holds whole rows.
    pub fn new(buffer: &mut [f32], stride: usize) -> Self {
        assert!(stride > 0 && buffer.len().is_multiple_of(stride));
        Self { data: buffer.as_mut_ptr(), rows: buffer.len() / stride, stride }
    }
}

/// Multiplies some rows of `activations` with the panels in `panels` and writes their columns of `output`, whose first row is
/// that of the first of `rows`.
///
/// Panics if the shapes do not fit: they are the engine's own.
pub(crate) fn multiply(
    isa: Isa,
    activations: &Activations,
    rows: std::ops::Range<usize>,
    matrix: &Matrix<'_>,
    panels: std::ops::Range<usize>,
    output: Output,
) {
    let (first, rows) = (rows.start, rows.len());
    assert!(first + rows <= activations.rows());
    assert_eq!(activations.columns(), matrix.columns);
    assert!(rows <= output.rows && matrix.rows <= output.stride);
    assert!(panels.end <= matrix.rows.div_ceil(PANEL_COLUMNS));
    let (bytes, blocks) = (matrix.panel_bytes(), matrix.columns / BLOCK);
    assert!(matrix.panels.len() >= panels.end * bytes);
    let mut edge = Vec::new();
    for panel in panels {
        let column = panel * PANEL_COLUMNS;
        let width = (matrix.rows - column).min(PANEL_COLUMNS);
        let whole = width == PANEL_COLUMNS;
        if !whole {
            // The last columns of a panel may lie outside the output.
            edge.resize(rows * PANEL_COLUMNS, 0.0);
        }
        let operands = Operands {
            panel: matrix.panels[panel * bytes..][..bytes].as_ptr(),
            blocks,
            q: activations.q()[first * matrix.columns..].as_ptr(),
            scales: activations.scales()[first * blocks..].as_ptr(),
            corrections: activations.corrections()[first * blocks..].as_ptr(),
            // SAFETY: the column lies within the output's stride.
            out: if whole { unsafe { output.data.add(column) } } else { edge.as_mut_ptr() },
            out_stride: if whole { output.stride } else { PANEL_COLUMNS },
        };
        // SAFETY: the assertions above; the panel's columns belong to this call alone.
        unsafe { panel_rows(isa, matrix.packing, operands, rows) };
        if !whole {
            for (row, values) in edge.chunks_exact(PANEL_COLUMNS).enumerate() {
                for (at, value) in values[..width].iter().enumerate() {
                    // SAFETY: row and column lie within the output.
                    unsafe { *output.data.add(row * output.stride + column + at) = *value };
                }
            }
        }
    }
}

/// All rows against one panel.
///
/// # Safety
/// The operands hold `rows` rows, and the machine has `isa`.
unsafe fn panel_rows(isa: Isa, packing: Packing, operands: Operands, rows: usize) {
    // SAFETY: passed on to the caller.
    unsafe {
        match (isa, packing) {
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx512Vnni, Packing::Q8) => avx512::vnni::<false>(operands, rows),
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx512Vnni, Packing::Q4) => avx512::vnni::<true>(operands, rows),
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx512, Packing::Q8) => avx512::plain::<false>(operands, rows),
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx512, Packing::Q4) => avx512::plain::<true>(operands, rows),
            #[cfg(target_arch = "x86_64")]
            (Isa::AvxVnni, Packing::Q8) => avx2::vnni::<false>(operands, rows),
            #[cfg(target_arch = "x86_64")]
            (Isa::AvxVnni, Packing::Q4) => avx2::vnni::<true>(operands, rows),
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx2, Packing::Q8) => avx2::plain::<false>(operands, rows),
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx2, Packing::Q4) => avx2::plain::<true>(operands, rows),
            #[cfg(target_arch = "aarch64")]
            (Isa::Neon, Packing::Q8) => neon::plain::<false>(operands, rows),
            #[cfg(target_arch = "aarch64")]
            (Isa::Neon, Packing::Q4) => neon::plain::<true>(operands, rows),
            (_, Packing::Q8) => scalar::rows::<false>(operands, rows),
            (_, Packing::Q4) => scalar::rows::<true>(operands, rows),
        }
    }
}

#[cfg(test)]
mod tests;
