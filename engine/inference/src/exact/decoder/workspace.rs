//! What a forward pass is given, works in and shows.

use strike_models::tensors::BLOCK;

use crate::exact::decoder::cache::Sequence;
use crate::exact::threads::thread_pool::ThreadPool;
use crate::kernels::activations::Activations;
use crate::kernels::attention::Buffers;

/// Consecutive tokens of one sequence.
pub(crate) struct Run<'a> {
    pub sequence: &'a mut Sequence,
    pub tokens: &'a [u32],
    /// Whether the job is longer than the original context of a model with LongRoPE.
    pub long: bool,
}

/// Sees the residual stream behind every layer.
pub(crate) trait Observer {
    /// `hidden` has one row of the model's width for each token of the runs, in order; keys and values of the layer are in the
    /// sequences at the rows' positions.
    fn layer(&mut self, pool: &ThreadPool, layer: usize, hidden: &[f32], positions: &[Position], runs: &[&Sequence]);
}

/// Where a row belongs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position {
    /// Index of its run.
    pub run: usize,
    /// Position in the sequence.
    pub at: usize,
    /// Its tables of angles: the run's, full and local.
    pub long: bool,
}

/// Working memory of forward passes.
#[derive(Default)]
pub(crate) struct Workspace {
    pub hidden: Vec<f32>,
    pub normed: Vec<f32>,
    pub query: Vec<f32>,
    pub key: Vec<f32>,
    pub value: Vec<f32>,
    pub attended: Vec<f32>,
    pub gate: Vec<f32>,
    pub up: Vec<f32>,
    pub output: Vec<f32>,
    pub angles: [Vec<f32>; 2],
    pub spans: Vec<Buffers>,
    pub quantized: Activations,
    pub adapter: AdapterMemory,
    pub positions: Vec<Position>,
}

impl Workspace {
    /// The quantized input of the output head of the `row`-th of the last logits.
    pub fn last_input(&self, row: usize) -> (&[i8], &[f32]) {
        let columns = self.quantized.columns();
        let blocks = columns / BLOCK;
        (&self.quantized.q()[row * columns..][..columns], &self.quantized.scales()[row * blocks..][..blocks])
    }
}

/// Working memory of an adapter: for each row, the numbers between the two factors, and what is added.
#[derive(Default)]
pub(crate) struct AdapterMemory {
    pub inner: Vec<f32>,
    pub quantized: Activations,
    pub sum: Vec<f32>,
}
