//! Activation rows as integers: `docs/arithmetic.md`, "Activations".

use strike_arithmetic::{activations::ZERO_BELOW, NotFinite};
use strike_models::tensors::BLOCK;

use super::lanes::{nearest, run, Kernel, Lanes, LANES};
use crate::isa::Isa;

/// Quantized rows, as the linear kernels read them.
#[derive(Debug, Default)]
pub(crate) struct Activations {
    rows: usize,
    columns: usize,
    q: Vec<i8>,
    scales: Vec<f32>,
    corrections: Vec<i32>,
}

impl Activations {
    /// Makes room for `rows` rows of `columns` numbers, a multiple of 32. What was there is gone.
    pub fn resize(&mut self, rows: usize, columns: usize) {
        assert_eq!(columns % BLOCK, 0);
        self.rows = rows;
        self.columns = columns;
        self.q.resize(rows * columns, 0);
        self.scales.resize(rows * columns / BLOCK, 0.0);
        self.corrections.resize(rows * columns / BLOCK, 0);
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The integers, row by row.
    pub fn q(&self) -> &[i8] {
        &self.q
    }

    /// One scale a block, row by row.
    pub fn scales(&self) -> &[f32] {
        &self.scales
    }

    /// `-128` times the sum of each block.
    pub fn corrections(&self) -> &[i32] {
        &self.corrections
    }

    /// Quantizes `values` as the row at `row`.
    pub fn set(&mut self, isa: Isa, row: usize, values: &[f32]) -> Result<(), NotFinite> {
        // SAFETY: the only user.
        unsafe { self.shared().set(isa, row, values) }
    }

    /// For setting rows from several threads.
    pub fn shared(&mut self) -> SharedActivations<'_> {
        SharedActivations {
            rows: self.rows,
            columns: self.columns,
            q: self.q.as_mut_ptr(),
            scales: self.scales.as_mut_ptr(),
            corrections: self.corrections.as_mut_ptr(),
            activations: std::marker::PhantomData,
        }
    }
}

/// Sets rows of [`Activations`] from several threads at once.
pub(crate) struct SharedActivations<'a> {
    rows: usize,
    columns: usize,
    q: *mut i8,
    scales: *mut f32,
    corrections: *mut i32,
    activations: std::marker::PhantomData<&'a mut Activations>,
}

// SAFETY: `set` demands that no two threads set the same row.
unsafe impl Send for SharedActivations<'_> {}
// SAFETY: as above.
unsafe impl Sync for SharedActivations<'_> {}

impl SharedActivations<'_> {
    /// Quantizes `values` as the row at `row`.
    ///
    /// # Safety
    /// No other thread sets the same row.
    pub unsafe fn set(&self, isa: Isa, row: usize, values: &[f32]) -> Result<(), NotFinite> {
        assert!(values.len() == self.columns && row < self.rows);
        let blocks = self.columns / BLOCK;
        // SAFETY: the row lies within the buffers, which are borrowed as long as `self`, and is this thread's alone.
        let (q, scales, corrections) = unsafe {
            (
                std::slice::from_raw_parts_mut(self.q.add(row * self.columns), self.columns),
                std::slice::from_raw_parts_mut(self.scales.add(row * blocks), blocks),
                std::slice::from_raw_parts_mut(self.corrections.add(row * blocks), blocks),
            )
        };
        run(isa, Quantize { values, q, scales, corrections })
    }
}

struct Quantize<'a> {
    values: &'a [f32],
    q: &'a mut [i8],
    scales: &'a mut [f32],
    corrections: &'a mut [i32],
}

impl Kernel for Quantize<'_> {
    type Output = Result<(), NotFinite>;

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) -> Self::Output {
        let blocks = self.values.as_chunks::<BLOCK>().0.iter().zip(self.q.as_chunks_mut::<BLOCK>().0);
        for (((values, q), scale), correction) in blocks.zip(self.scales).zip(self.corrections) {
            // SAFETY: a block has 32 numbers.
            unsafe {
                let (low, high) = (L::load(values.as_ptr()), L::load(values.as_ptr().add(LANES)));
                let amax = low.and(0x7fff_ffff).max_bits(high.and(0x7fff_ffff)).largest_bits();
                if amax >= 0x7f80_0000 {
                    return Err(NotFinite);
                }
                if amax < ZERO_BELOW {
                    (*q, *scale, *correction) = ([0; BLOCK], 0.0, 0);
                    continue;
                }
                let bits = (f32::from_bits(amax) / 127.0).to_bits();
                *scale = f32::from_bits((bits + 0x7ff + ((bits >> 12) & 1)) & !0xfff);
                let inverse = L::splat(1.0 / *scale);
                // Rounded they are within ±127: the scale is at most half a unit of 2^-11 below amax / 127.
                let (low, high) = (nearest(low.mul(inverse)), nearest(high.mul(inverse)));
                low.store_i8(q.as_mut_ptr());
                high.store_i8(q.as_mut_ptr().add(LANES));
                // Sums of two are exact.
                *correction = -128 * low.add(high).integer_sum();
            }
        }
        Ok(())
    }
}
