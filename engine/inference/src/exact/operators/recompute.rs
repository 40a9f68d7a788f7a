//! The record of a cell: the positions before it by the engine, then the one layer by the reference.

use strike_arithmetic::attention::TILE;

use super::layer::{compute, Past, Place};
use super::operator::Operators;
use crate::control::Control;
use crate::exact::decoder::cache::Sequence;
use crate::exact::decoder::forward::Forward;
use crate::exact::decoder::model::ExactModel;
use crate::exact::decoder::workspace::{Observer, Position, Run};
use crate::exact::engine::{Engine, ROWS};
use crate::exact::error::JobError;
use crate::exact::job::{in_vocabulary, Job};
use crate::exact::threads::float_state::FloatState;
use crate::exact::threads::thread_pool::ThreadPool;
use crate::kernels::attention::padded;
use crate::kernels::embedding::embed;

impl Engine {
    /// Everything that `layer` computes at `position` of a job with this output.
    ///
    /// Prompt and output up to the position go through the network once, with the engine's kernels; the layer is computed by the
    /// scalar reference. An error if the position is not among prompt and output, or the layer not in the model. Beside a replay's,
    /// memory for one layer's keys and values up to the position and for the record: 4 bytes a number.
    pub fn operators(
        &self,
        model: &ExactModel,
        job: &Job,
        output: &[u32],
        position: usize,
        layer: usize,
        control: &Control,
    ) -> Result<Operators, JobError> {
        let _state = FloatState::standard();
        let limits = model.limits();
        job.validate(&limits)?;
        in_vocabulary("the output", output, limits.vocab_size)?;
        let network = &model.network;
        let decoder = &network.decoder;
        let positions = (job.prompt.len() + output.len()).min(limits.context_length);
        if position >= positions || layer >= decoder.layers {
            return Err(JobError::NoSuchCell { position, layer, positions, layers: decoder.layers });
        }
        let history: Vec<u32> = job.prompt.iter().chain(output).copied().take(position + 1).collect();
        let long = network.is_long(job);
        let forward = Forward { isa: self.isa, pool: &self.pool, network };
        let mut workspace = self.workspace();
        let mut sequence = Sequence::new(forward.cache_shape());
        let mut input = Input { position, layer, row: vec![0.0; decoder.hidden_size] };
        if layer == 0 {
            embed(&network.embedding, history[position] as usize, &mut input.row);
            if let Some(factor) = decoder.embedding_scale {
                input.row.iter_mut().for_each(|number| *number *= factor);
            }
        }
        for tokens in history.chunks(ROWS) {
            control.check()?;
            forward.layers(&mut [Run { sequence: &mut sequence, tokens, long }], &mut workspace, Some(&mut input))?;
        }
        self.give_back(workspace);
        let mut past = past(&sequence, layer, position, decoder.kv_heads, decoder.head_dim);
        let mut outputs = Vec::new();
        let place = Place {
            decoder,
            layer: &network.layers[layer],
            adapter: network.adapter.as_deref(),
            index: layer,
            position,
            long,
        };
        compute(place, input.row, &mut past, &mut outputs)?;
        Ok(Operators { position, layer, outputs })
    }
}

/// Keeps the residual stream that enters a layer at a position.
struct Input {
    position: usize,
    layer: usize,
    row: Vec<f32>,
}

impl Observer for Input {
    fn layer(&mut self, _: &ThreadPool, layer: usize, hidden: &[f32], positions: &[Position], _: &[&Sequence]) {
        if layer + 1 != self.layer {
            return;
        }
        let width = self.row.len();
        if let Some(row) = positions.iter().position(|position| position.at == self.position) {
            self.row.copy_from_slice(&hidden[row * width..][..width]);
        }
    }
}

/// Keys and values of a layer at the first positions.
fn past(sequence: &Sequence, layer: usize, positions: usize, kv_heads: usize, width: usize) -> Past {
    let mut past = Past::new(kv_heads);
    for (head, (keys, values)) in past.keys.iter_mut().zip(&mut past.values).enumerate() {
        for position in 0..positions {
            let tile = sequence.tile(layer, head, position / TILE);
            let at = position % TILE;
            keys.extend((0..width).map(|element| tile.keys[element * TILE + at]));
            values.extend_from_slice(&tile.values[at * padded(width)..][..width]);
        }
    }
    past
}
