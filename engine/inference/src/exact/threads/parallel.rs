//! Rows of numbers shared among the threads of a pool, and the operations that treat each row by itself.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use strike_arithmetic::NotFinite;
use strike_models::tensors::{Matrix, PANEL_COLUMNS};

use crate::exact::threads::thread_pool::ThreadPool;
use crate::isa::Isa;
use crate::kernels::activations::Activations;
use crate::kernels::linear::{multiply, Output};

/// Rows that threads write apart from each other.
#[derive(Clone, Copy)]
pub(crate) struct SharedRows<T = f32> {
    data: *mut T,
    width: usize,
    rows: usize,
}

// SAFETY: `row` and `part` demand that no two threads take the same numbers.
unsafe impl<T: Send> Send for SharedRows<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for SharedRows<T> {}

impl<T> SharedRows<T> {
    /// Rows of `width` numbers.
    pub fn new(buffer: &mut [T], width: usize) -> Self {
        Self { data: buffer.as_mut_ptr(), width, rows: buffer.len() / width }
    }

    /// # Safety
    /// No other thread uses the row at the same time, and the buffer is borrowed as long as the result lives.
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn row(&self, row: usize) -> &mut [T] {
        assert!(row < self.rows);
        // SAFETY: within the buffer; the caller keeps rows apart.
        unsafe { std::slice::from_raw_parts_mut(self.data.add(row * self.width), self.width) }
    }

    /// # Safety
    /// No other thread uses this part at the same time, and the buffer is borrowed as long as the result lives.
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn part(&self, offset: usize, length: usize) -> &mut [T] {
        assert!(offset + length <= self.rows * self.width);
        // SAFETY: within the buffer; the caller keeps parts apart.
        unsafe { std::slice::from_raw_parts_mut(self.data.add(offset), length) }
    }
}

/// Bytes from which on a section is worth the other threads: some tens of microseconds of work.
const SHARE_FROM: usize = 256 << 10;

/// An instruction set and a pool.
#[derive(Clone, Copy)]
pub(crate) struct Parallel<'a> {
    pub isa: Isa,
    pub pool: &'a ThreadPool,
}

impl Parallel<'_> {
    /// Products of the same activations with several matrices.
    pub fn linear<const N: usize>(&self, activations: &Activations, parts: [(&Matrix<'_>, &mut [f32]); N]) {
        self.linear_rows(activations, 0..activations.rows(), parts);
    }

    /// As [`Self::linear`], of some rows of the activations.
    pub fn linear_rows<const N: usize>(
        &self,
        activations: &Activations,
        rows: Range<usize>,
        parts: [(&Matrix<'_>, &mut [f32]); N],
    ) {
        // Small enough that threads end together, large enough that claiming does not show.
        let count = rows.len();
        let parts = parts.map(|(matrix, out)| (*matrix, Output::new(&mut out[..count * matrix.rows], matrix.rows)));
        let panels = parts.map(|(matrix, _)| matrix.rows.div_ceil(PANEL_COLUMNS));
        let total: usize = panels.iter().sum();
        let chunk = if count >= 16 { 1 } else { total.div_ceil(self.pool.threads() * 8).max(1) };
        let chunks = panels.map(|panels| panels.div_ceil(chunk));
        let bytes: usize = parts.iter().map(|(matrix, _)| count * matrix.panels.len()).sum();
        self.share(bytes, chunks.iter().sum(), &|mut task| {
            for ((matrix, output), (panels, chunks)) in parts.iter().zip(panels.iter().zip(chunks)) {
                if task < chunks {
                    let from = task * chunk;
                    let panels = from..(from + chunk).min(*panels);
                    return multiply(self.isa, activations, rows.clone(), matrix, panels, *output);
                }
                task -= chunks;
            }
        });
    }

    /// Calls `task` for every number below `tasks`: on the pool, or on this thread alone where there is so little to do that
    /// waking the others would cost more. `bytes` is about what is read.
    pub fn share(&self, bytes: usize, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        if bytes < SHARE_FROM {
            (0..tasks).for_each(task);
        } else {
            self.pool.run(tasks, task);
        }
    }

    /// Calls `task` for every row, a few rows a task.
    pub fn each_row(&self, rows: usize, task: impl Fn(usize) -> Result<(), NotFinite> + Sync) -> Result<(), NotFinite> {
        let chunk = rows.div_ceil(self.pool.threads() * 4).max(4);
        let failed = AtomicBool::new(false);
        let run = |index: usize| {
            for row in index * chunk..((index + 1) * chunk).min(rows) {
                if task(row).is_err() {
                    failed.store(true, Ordering::Relaxed);
                }
            }
        };
        if rows <= chunk {
            run(0);
        } else {
            self.pool.run(rows.div_ceil(chunk), &run);
        }
        if failed.into_inner() {
            Err(NotFinite)
        } else {
            Ok(())
        }
    }

    /// Quantizes rows as they are.
    pub fn quantize_rows(&self, values: &[f32], width: usize, quantized: &mut Activations) -> Result<(), NotFinite> {
        let count = values.len() / width;
        quantized.resize(count, width);
        let quantized = quantized.shared();
        // SAFETY: each row is one task's.
        self.each_row(count, |row| unsafe { quantized.set(self.isa, row, &values[row * width..][..width]) })
    }
}
