//! The forward pass of a decoder: `docs/arithmetic.md`, "Decoder".
//!
//! Rows are positions of one or of several sequences. Every row is computed as if it were alone, so prefill, decoding and
//! batches of any composition give the same bits.

use strike_arithmetic::rotary::sine_cosine;
use strike_arithmetic::NotFinite;
use strike_models::architecture::Rotary;
use strike_models::tensors::LayerTensor;

use crate::exact::decoder::cache::{CacheShape, Sequence, Writer};
use crate::exact::decoder::network::{Layer, Network, MAX_HEAD};
use crate::exact::decoder::workspace::{Observer, Position, Run, Workspace};
use crate::exact::threads::parallel::{Parallel, SharedRows};
use crate::exact::threads::thread_pool::ThreadPool;
use crate::isa::Isa;
use crate::kernels::embedding::embed;
use crate::kernels::sampler::all_finite;
use crate::kernels::{functions, half, norm, rotary, rows};

/// A decoder on an instruction set and a pool.
pub(crate) struct Forward<'a> {
    pub isa: Isa,
    pub pool: &'a ThreadPool,
    pub network: &'a Network,
}

impl Forward<'_> {
    pub(crate) fn parallel(&self) -> Parallel<'_> {
        Parallel { isa: self.isa, pool: self.pool }
    }

    /// The shape of this model's cache.
    pub fn cache_shape(&self) -> CacheShape {
        let decoder = &self.network.decoder;
        CacheShape { layers: decoder.layers, kv_heads: decoder.kv_heads, width: decoder.head_dim }
    }

    /// Runs all tokens through all layers and appends their keys and values to the sequences. Afterwards the workspace holds the
    /// residual stream of every row. On an error the sequences are as before.
    pub fn layers(
        &self,
        runs: &mut [Run<'_>],
        workspace: &mut Workspace,
        mut observer: Option<&mut dyn Observer>,
    ) -> Result<(), NotFinite> {
        let decoder = &self.network.decoder;
        workspace.positions.clear();
        for (index, run) in runs.iter_mut().enumerate() {
            run.sequence.reserve(run.tokens.len());
            let from = run.sequence.len();
            let position = |at| Position { run: index, at, long: run.long };
            workspace.positions.extend((from..from + run.tokens.len()).map(position));
        }
        let count = workspace.positions.len();
        workspace.hidden.resize(count * decoder.hidden_size, 0.0);
        let tokens = runs.iter().flat_map(|run| run.tokens);
        for (token, row) in tokens.zip(workspace.hidden.chunks_exact_mut(decoder.hidden_size)) {
            embed(&self.network.embedding, *token as usize, row);
            if let Some(factor) = decoder.embedding_scale {
                rows::scale(self.isa, row, factor);
            }
        }
        self.angles(workspace);
        for (index, layer) in self.network.layers.iter().enumerate() {
            self.attention(index, layer, runs, workspace)?;
            self.feed_forward(index, layer, workspace)?;
            if let Some(observer) = observer.as_deref_mut() {
                let sequences: Vec<&Sequence> = runs.iter().map(|run| &*run.sequence).collect();
                observer.layer(self.pool, index, &workspace.hidden, &workspace.positions, &sequences);
            }
        }
        // Norms find what is not finite in every layer's input; nothing reads all rows behind the last one but the trace.
        if !all_finite(self.isa, &workspace.hidden) {
            return Err(NotFinite);
        }
        for run in runs {
            run.sequence.advance(run.tokens.len());
        }
        Ok(())
    }

    /// Logits of the rows at `indices` of the last pass, one row of the vocabulary each.
    pub fn logits(&self, workspace: &mut Workspace, indices: &[usize], logits: &mut Vec<f32>) -> Result<(), NotFinite> {
        let decoder = &self.network.decoder;
        let width = decoder.hidden_size;
        workspace.normed.resize(width, 0.0);
        workspace.quantized.resize(indices.len(), width);
        for (row, index) in indices.iter().enumerate() {
            let hidden = &workspace.hidden[index * width..][..width];
            norm::rms_norm(self.isa, hidden, self.network.output_norm, decoder.norm_epsilon, &mut workspace.normed);
            workspace.quantized.set(self.isa, row, &workspace.normed[..width])?;
        }
        logits.resize(indices.len() * decoder.vocab_size, 0.0);
        self.parallel().linear(&workspace.quantized, [(&self.network.output, &mut logits[..])]);
        if let Some(cap) = decoder.logit_softcap {
            functions::soft_cap(self.isa, logits, cap);
        }
        Ok(())
    }

    /// `norm(row)` of all rows, quantized.
    fn norm_rows(&self, gain: &[f32], workspace: &mut Workspace) -> Result<(), NotFinite> {
        let decoder = &self.network.decoder;
        let (count, width) = (workspace.positions.len(), decoder.hidden_size);
        workspace.normed.resize(count * width, 0.0);
        workspace.quantized.resize(count, width);
        let normed = SharedRows::new(&mut workspace.normed, width);
        let (hidden, quantized) = (&workspace.hidden, workspace.quantized.shared());
        self.parallel().each_row(count, |row| {
            // SAFETY: each row is one task's.
            let normed = unsafe { normed.row(row) };
            norm::rms_norm(self.isa, &hidden[row * width..][..width], gain, decoder.norm_epsilon, normed);
            // SAFETY: as above.
            unsafe { quantized.set(self.isa, row, normed) }
        })
    }

    /// Adds what a layer's part computed to the residual stream.
    fn add_rows(&self, workspace: &mut Workspace, bias: Option<&[f32]>, norm: Option<&[f32]>) -> Result<(), NotFinite> {
        let decoder = &self.network.decoder;
        let (count, width) = (workspace.positions.len(), decoder.hidden_size);
        let hidden = SharedRows::new(&mut workspace.hidden[..count * width], width);
        let output = SharedRows::new(&mut workspace.output[..count * width], width);
        self.parallel().each_row(count, |row| {
            // SAFETY: each row is one task's.
            let (hidden, output) = unsafe { (hidden.row(row), output.row(row)) };
            if let Some(bias) = bias {
                rows::add(self.isa, output, bias);
            }
            if let Some(gain) = norm {
                let copy = output.to_vec();
                norm::rms_norm(self.isa, &copy, gain, decoder.norm_epsilon, output);
            }
            rows::add(self.isa, hidden, output);
            Ok(())
        })
    }

    fn attention(
        &self,
        index: usize,
        layer: &Layer,
        runs: &mut [Run<'_>],
        workspace: &mut Workspace,
    ) -> Result<(), NotFinite> {
        let decoder = &self.network.decoder;
        let count = workspace.positions.len();
        let (query_width, kv_width) = (decoder.heads * decoder.head_dim, decoder.kv_heads * decoder.head_dim);
        self.norm_rows(layer.attention_norm, workspace)?;
        workspace.query.resize(count * query_width, 0.0);
        workspace.key.resize(count * kv_width, 0.0);
        workspace.value.resize(count * kv_width, 0.0);
        self.parallel().linear(
            &workspace.quantized,
            [
                (&layer.query, &mut workspace.query[..]),
                (&layer.key, &mut workspace.key[..]),
                (&layer.value, &mut workspace.value[..]),
            ],
        );
        let adapted = [
            (LayerTensor::Query, &mut workspace.query[..]),
            (LayerTensor::Key, &mut workspace.key[..]),
            (LayerTensor::Value, &mut workspace.value[..]),
        ];
        self.adapt(index, &workspace.quantized, adapted, &mut workspace.adapter)?;
        self.rotate_and_store(index, layer, runs, workspace)?;
        workspace.attended.resize(count * query_width, 0.0);
        let sequences: Vec<&Sequence> = runs.iter().map(|run| &*run.sequence).collect();
        self.attend_rows(index, &sequences, workspace);
        self.parallel().quantize_rows(&workspace.attended, query_width, &mut workspace.quantized)?;
        workspace.output.resize(count * decoder.hidden_size, 0.0);
        self.parallel().linear(&workspace.quantized, [(&layer.attention_output, &mut workspace.output[..])]);
        let adapted = [(LayerTensor::AttentionOutput, &mut workspace.output[..])];
        self.adapt(index, &workspace.quantized, adapted, &mut workspace.adapter)?;
        self.add_rows(workspace, layer.attention_output_bias, layer.post_attention_norm)
    }

    fn feed_forward(&self, index: usize, layer: &Layer, workspace: &mut Workspace) -> Result<(), NotFinite> {
        let decoder = &self.network.decoder;
        let count = workspace.positions.len();
        self.norm_rows(layer.ffn_norm, workspace)?;
        workspace.gate.resize(count * decoder.ffn_size, 0.0);
        workspace.up.resize(count * decoder.ffn_size, 0.0);
        self.parallel()
            .linear(&workspace.quantized, [(&layer.gate, &mut workspace.gate[..]), (&layer.up, &mut workspace.up[..])]);
        let adapted = [(LayerTensor::Gate, &mut workspace.gate[..]), (LayerTensor::Up, &mut workspace.up[..])];
        self.adapt(index, &workspace.quantized, adapted, &mut workspace.adapter)?;
        workspace.quantized.resize(count, decoder.ffn_size);
        {
            let gate = SharedRows::new(&mut workspace.gate, decoder.ffn_size);
            let up = SharedRows::new(&mut workspace.up, decoder.ffn_size);
            let quantized = workspace.quantized.shared();
            self.parallel().each_row(count, |row| {
                // SAFETY: each row is one task's.
                unsafe {
                    let (gate, up) = (gate.row(row), up.row(row));
                    if let (Some(gate_bias), Some(up_bias)) = (layer.gate_bias, layer.up_bias) {
                        rows::add(self.isa, gate, gate_bias);
                        rows::add(self.isa, up, up_bias);
                    }
                    functions::gate(self.isa, decoder.activation, gate, up);
                    quantized.set(self.isa, row, gate)
                }
            })?;
        }
        workspace.output.resize(count * decoder.hidden_size, 0.0);
        self.parallel().linear(&workspace.quantized, [(&layer.down, &mut workspace.output[..])]);
        let adapted = [(LayerTensor::Down, &mut workspace.output[..])];
        self.adapt(index, &workspace.quantized, adapted, &mut workspace.adapter)?;
        self.add_rows(workspace, layer.down_bias, layer.post_ffn_norm)
    }

    /// Sines and cosines of all rows: a row of sines, then of cosines, for the full and for the local angles.
    fn angles(&self, workspace: &mut Workspace) {
        let decoder = &self.network.decoder;
        for (rotary, table) in
            [Some(&decoder.rotary), decoder.local_rotary.as_ref()].into_iter().zip(&mut workspace.angles)
        {
            table.clear();
            let Some(rotary) = rotary else { continue };
            let pairs = rotary.inv_freq.len();
            for position in &workspace.positions {
                let row = table.len();
                table.resize(row + 2 * pairs, 0.0);
                let (sines, cosines) = table[row..].split_at_mut(pairs);
                for ((inv_freq, sine), cosine) in frequencies(rotary, position.long).iter().zip(sines).zip(cosines) {
                    (*sine, *cosine) = sine_cosine(position.at as u32, *inv_freq, rotary.attention_factor);
                }
            }
        }
    }

    /// Bias, head norm and rotary embedding of queries and keys; keys and values to the cache.
    fn rotate_and_store(
        &self,
        index: usize,
        layer: &Layer,
        runs: &mut [Run<'_>],
        workspace: &mut Workspace,
    ) -> Result<(), NotFinite> {
        let decoder = &self.network.decoder;
        let width = decoder.head_dim;
        let local = decoder.windows[index].is_some() && decoder.local_rotary.is_some();
        let rotary = if local { decoder.local_rotary.as_ref() } else { None }.unwrap_or(&decoder.rotary);
        let pairs = rotary.inv_freq.len();
        let angles = &workspace.angles[usize::from(local)];
        let writers: Vec<Writer<'_>> = runs.iter_mut().map(|run| run.sequence.writer()).collect();
        let query = SharedRows::new(&mut workspace.query, decoder.heads * width);
        let key = SharedRows::new(&mut workspace.key, decoder.kv_heads * width);
        let value = SharedRows::new(&mut workspace.value, decoder.kv_heads * width);
        let positions = &workspace.positions;
        self.parallel().each_row(positions.len(), |row| {
            // SAFETY: each row is one task's.
            let (query, key, value) = unsafe { (query.row(row), key.row(row), value.row(row)) };
            let (sines, cosines) = angles[row * 2 * pairs..][..2 * pairs].split_at(pairs);
            for (row, bias) in
                [(&mut *query, layer.query_bias), (&mut *key, layer.key_bias), (&mut *value, layer.value_bias)]
            {
                if let Some(bias) = bias {
                    rows::add(self.isa, row, bias);
                }
            }
            for (row, norm) in [(&mut *query, layer.query_norm), (&mut *key, layer.key_norm)] {
                for head in row.chunks_exact_mut(width) {
                    if let Some(gain) = norm {
                        let copy = head.to_vec();
                        norm::rms_norm(self.isa, &copy, gain, decoder.norm_epsilon, head);
                    }
                    rotary::rotate(self.isa, head, sines, cosines);
                }
            }
            let position = &positions[row];
            let (mut key_bits, mut value_bits) = ([0; MAX_HEAD], [0; MAX_HEAD]);
            for (head, (key, value)) in key.chunks_exact(width).zip(value.chunks_exact(width)).enumerate() {
                half::to_half(self.isa, key, &mut key_bits[..width])?;
                half::to_half(self.isa, value, &mut value_bits[..width])?;
                // SAFETY: each position is one task's, and attention reads it only later.
                unsafe {
                    writers[position.run].write(index, head, position.at, &key_bits[..width], &value_bits[..width]);
                }
            }
            Ok(())
        })
    }
}

fn frequencies(rotary: &Rotary, long: bool) -> &[f32] {
    match &rotary.long {
        Some(other) if long => &other.inv_freq,
        _ => &rotary.inv_freq,
    }
}
