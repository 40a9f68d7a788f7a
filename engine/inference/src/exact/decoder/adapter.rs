//! What a LoRA adapter adds to the products of a layer: `docs/arithmetic.md`, "Adapters".

use strike_arithmetic::NotFinite;
use strike_models::tensors::LayerTensor;

use crate::exact::decoder::forward::Forward;
use crate::exact::decoder::workspace::AdapterMemory;
use crate::exact::threads::parallel::{Parallel, SharedRows};
use crate::kernels::activations::Activations;
use crate::kernels::rows;

impl Forward<'_> {
    /// Adds `B (A x)` to the products of each of the matrices with the rows of `input`, before any bias.
    pub(crate) fn adapt<const N: usize>(
        &self,
        layer: usize,
        input: &Activations,
        products: [(LayerTensor, &mut [f32]); N],
        memory: &mut AdapterMemory,
    ) -> Result<(), NotFinite> {
        let Some(adapter) = &self.network.adapter else { return Ok(()) };
        let (parallel, count) = (Parallel { isa: self.isa, pool: self.pool }, input.rows());
        let AdapterMemory { inner, quantized, sum } = memory;
        for (tensor, products) in products {
            let Some(factors) = adapter.factors(layer as u16, tensor) else { continue };
            let (rank, width) = (factors.a.rows, factors.b.rows);
            inner.resize(count * rank, 0.0);
            parallel.linear(input, [(&factors.a, &mut inner[..])]);
            parallel.quantize_rows(inner, rank, quantized)?;
            sum.resize(count * width, 0.0);
            parallel.linear(quantized, [(&factors.b, &mut sum[..])]);
            let products = SharedRows::new(&mut products[..count * width], width);
            parallel.each_row(count, |row| {
                // SAFETY: each row is one task's.
                rows::add(self.isa, unsafe { products.row(row) }, &sum[row * width..][..width]);
                Ok(())
            })?;
        }
        Ok(())
    }
}
