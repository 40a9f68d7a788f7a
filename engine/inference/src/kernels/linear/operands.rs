//! What a kernel of one instruction set is given.

use strike_models::tensors::BLOCK;

/// What a kernel needs to know of its operands. Pointers are to the first of the rows of one call.
#[derive(Clone, Copy)]
pub(super) struct Operands {
    /// The panel, `blocks` blocks.
    pub panel: *const u8,
    pub blocks: usize,
    /// Activations, `32 * blocks` bytes a row.
    pub q: *const i8,
    /// One number a block and row.
    pub scales: *const f32,
    /// `-128 * sum(q)`, one a block and row.
    pub corrections: *const i32,
    /// Results: 32 numbers a row, `out_stride` apart.
    pub out: *mut f32,
    pub out_stride: usize,
}

impl Operands {
    /// The operands from a later row on.
    ///
    /// # Safety
    /// The row lies within the operands.
    pub unsafe fn at_row(self, row: usize) -> Self {
        // SAFETY: the caller keeps `row` within the rows these pointers were made for.
        unsafe {
            Self {
                q: self.q.add(row * self.blocks * BLOCK),
                scales: self.scales.add(row * self.blocks),
                corrections: self.corrections.add(row * self.blocks),
                out: self.out.add(row * self.out_stride),
                ..self
            }
        }
    }
}
