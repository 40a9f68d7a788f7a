//! The forward pass of a decoder: `docs/arithmetic.md`, "Decoder".
//!
//! Rows are positions of one or of several sequences. Every row is computed as if it were alone, so prefill, decoding and
//! batches of any composition give the same bits.

use strike_arithmetic::attention::TILE;
use strike_arithmetic::half::f16_to_f32;
use strike_arithmetic::{rotary, NotFinite};
use strike_models::architecture::Rotary;
use strike_models::tensors::{Matrix, Packing, BLOCK, PANEL_COLUMNS};

use super::cache::{CacheShape, Sequence, Writer};
use super::network::{Layer, Network};
use super::team::Team;
use crate::isa::Isa;
use crate::kernels::attention::{attend, Heads, Query, Scratch, MAX_QUERIES};
use crate::kernels::elementwise as rows;
use crate::kernels::linear::{multiply, Output};
use crate::kernels::quantize::Activations;

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
    fn layer(&mut self, team: &Team, layer: usize, hidden: &[f32], positions: &[Position], runs: &[&Sequence]);
}

/// Where a row belongs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position {
    /// Index of its run.
    pub run: usize,
    /// Position in the sequence.
    pub at: usize,
    /// Its tables of angles: the run's, full and local.
    long: bool,
}

/// Working memory of forward passes.
#[derive(Default)]
pub(crate) struct Workspace {
    hidden: Vec<f32>,
    normed: Vec<f32>,
    query: Vec<f32>,
    key: Vec<f32>,
    value: Vec<f32>,
    attended: Vec<f32>,
    gate: Vec<f32>,
    up: Vec<f32>,
    output: Vec<f32>,
    angles: [Vec<f32>; 2],
    quantized: Activations,
    positions: Vec<Position>,
}

impl Workspace {
    /// The quantized input of the output head of the `row`-th of the last logits.
    pub fn last_input(&self, row: usize) -> (&[i8], &[f32]) {
        let columns = self.quantized.columns();
        let blocks = columns / BLOCK;
        (&self.quantized.q()[row * columns..][..columns], &self.quantized.scales()[row * blocks..][..blocks])
    }
}

/// Rows that threads write apart from each other.
#[derive(Clone, Copy)]
struct SharedRows {
    data: *mut f32,
    width: usize,
    rows: usize,
}

// SAFETY: `row` demands that no two threads take the same row.
unsafe impl Send for SharedRows {}
// SAFETY: as above.
unsafe impl Sync for SharedRows {}

impl SharedRows {
    fn new(buffer: &mut [f32], width: usize) -> Self {
        Self { data: buffer.as_mut_ptr(), width, rows: buffer.len() / width }
    }

    /// # Safety
    /// No other thread uses the row at the same time, and the buffer is borrowed as long as the result lives.
    #[allow(clippy::mut_from_ref)]
    unsafe fn row(&self, row: usize) -> &mut [f32] {
        assert!(row < self.rows);
        // SAFETY: within the buffer; the caller keeps rows apart.
        unsafe { std::slice::from_raw_parts_mut(self.data.add(row * self.width), self.width) }
    }
}

/// A decoder on an instruction set and a team.
pub(crate) struct Forward<'a> {
    pub isa: Isa,
    pub team: &'a Team,
    pub network: &'a Network,
}

impl Forward<'_> {
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
            self.feed_forward(layer, workspace)?;
            if let Some(observer) = observer.as_deref_mut() {
                let sequences: Vec<&Sequence> = runs.iter().map(|run| &*run.sequence).collect();
                observer.layer(self.team, index, &workspace.hidden, &workspace.positions, &sequences);
            }
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
            rows::rms_norm(self.isa, hidden, self.network.output_norm, decoder.norm_epsilon, &mut workspace.normed);
            workspace.quantized.set(self.isa, row, &workspace.normed[..width])?;
        }
        logits.resize(indices.len() * decoder.vocab_size, 0.0);
        self.linear(&workspace.quantized, [(&self.network.output, &mut logits[..])]);
        if let Some(cap) = decoder.logit_softcap {
            rows::soft_cap(self.isa, logits, cap);
        }
        Ok(())
    }

    /// Products of the same activations with several matrices.
    fn linear<const N: usize>(&self, activations: &Activations, parts: [(&Matrix<'_>, &mut [f32]); N]) {
        // Small enough that threads end together, large enough that claiming does not show.
        let rows = activations.rows();
        let parts = parts.map(|(matrix, out)| (*matrix, Output::new(&mut out[..rows * matrix.rows], matrix.rows)));
        let panels = parts.map(|(matrix, _)| matrix.rows.div_ceil(PANEL_COLUMNS));
        let total: usize = panels.iter().sum();
        let chunk = if rows >= 16 { 1 } else { total.div_ceil(self.team.threads() * 8).max(1) };
        let chunks = panels.map(|panels| panels.div_ceil(chunk));
        let bytes: usize = parts.iter().map(|(matrix, _)| rows * matrix.panels.len()).sum();
        self.share(bytes, chunks.iter().sum(), &|mut task| {
            for ((matrix, output), (panels, chunks)) in parts.iter().zip(panels.iter().zip(chunks)) {
                if task < chunks {
                    let from = task * chunk;
                    return multiply(self.isa, activations, matrix, from..(from + chunk).min(*panels), *output);
                }
                task -= chunks;
            }
        });
    }

    /// Calls `task` for every number below `tasks`: on the team, or on this thread alone where there is so little to do that
    /// waking the others would cost more. `bytes` is about what is read.
    fn share(&self, bytes: usize, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        if bytes < SHARE_FROM {
            (0..tasks).for_each(task);
        } else {
            self.team.run(tasks, task);
        }
    }

    /// Calls `task` for every row, a few rows a task.
    fn each_row(&self, rows: usize, task: impl Fn(usize) -> Result<(), NotFinite> + Sync) -> Result<(), NotFinite> {
        let chunk = rows.div_ceil(self.team.threads() * 4).max(4);
        let failed = std::sync::atomic::AtomicBool::new(false);
        self.share(rows * self.network.decoder.hidden_size * 8, rows.div_ceil(chunk), &|index| {
            for row in index * chunk..((index + 1) * chunk).min(rows) {
                if task(row).is_err() {
                    failed.store(true, std::sync::atomic::Ordering::Relaxed);
                }
            }
        });
        if failed.into_inner() {
            Err(NotFinite)
        } else {
            Ok(())
        }
    }

    /// `norm(row)` of all rows, quantized.
    fn norm_rows(&self, gain: &[f32], workspace: &mut Workspace) -> Result<(), NotFinite> {
        let decoder = &self.network.decoder;
        let (count, width) = (workspace.positions.len(), decoder.hidden_size);
        workspace.normed.resize(count * width, 0.0);
        workspace.quantized.resize(count, width);
        let normed = SharedRows::new(&mut workspace.normed, width);
        let (hidden, quantized) = (&workspace.hidden, workspace.quantized.shared());
        self.each_row(count, |row| {
            // SAFETY: each row is one task's.
            let normed = unsafe { normed.row(row) };
            rows::rms_norm(self.isa, &hidden[row * width..][..width], gain, decoder.norm_epsilon, normed);
            // SAFETY: as above.
            unsafe { quantized.set(self.isa, row, normed) }
        })
    }

    /// Quantizes rows as they are.
    fn quantize_rows(&self, values: &[f32], width: usize, quantized: &mut Activations) -> Result<(), NotFinite> {
        let count = values.len() / width;
        quantized.resize(count, width);
        let quantized = quantized.shared();
        // SAFETY: each row is one task's.
        self.each_row(count, |row| unsafe { quantized.set(self.isa, row, &values[row * width..][..width]) })
    }

    /// Adds what a layer's part computed to the residual stream.
    fn add_rows(&self, workspace: &mut Workspace, bias: Option<&[f32]>, norm: Option<&[f32]>) -> Result<(), NotFinite> {
        let decoder = &self.network.decoder;
        let (count, width) = (workspace.positions.len(), decoder.hidden_size);
        let hidden = SharedRows::new(&mut workspace.hidden[..count * width], width);
        let output = SharedRows::new(&mut workspace.output[..count * width], width);
        self.each_row(count, |row| {
            // SAFETY: each row is one task's.
            let (hidden, output) = unsafe { (hidden.row(row), output.row(row)) };
            if let Some(bias) = bias {
                rows::add(self.isa, output, bias);
            }
            if let Some(gain) = norm {
                let copy = output.to_vec();
                rows::rms_norm(self.isa, &copy, gain, decoder.norm_epsilon, output);
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
        self.linear(
            &workspace.quantized,
            [
                (&layer.query, &mut workspace.query[..]),
                (&layer.key, &mut workspace.key[..]),
                (&layer.value, &mut workspace.value[..]),
            ],
        );
        self.rotate_and_store(index, layer, runs, workspace)?;
        workspace.attended.resize(count * query_width, 0.0);
        let sequences: Vec<&Sequence> = runs.iter().map(|run| &*run.sequence).collect();
        self.attend_rows(index, &sequences, &workspace.query, &workspace.positions, &mut workspace.attended);
        self.quantize_rows(&workspace.attended, query_width, &mut workspace.quantized)?;
        workspace.output.resize(count * decoder.hidden_size, 0.0);
        self.linear(&workspace.quantized, [(&layer.attention_output, &mut workspace.output[..])]);
        self.add_rows(workspace, layer.attention_output_bias, layer.post_attention_norm)
    }

    fn feed_forward(&self, layer: &Layer, workspace: &mut Workspace) -> Result<(), NotFinite> {
        let decoder = &self.network.decoder;
        let count = workspace.positions.len();
        self.norm_rows(layer.ffn_norm, workspace)?;
        workspace.gate.resize(count * decoder.ffn_size, 0.0);
        workspace.up.resize(count * decoder.ffn_size, 0.0);
        self.linear(
            &workspace.quantized,
            [(&layer.gate, &mut workspace.gate[..]), (&layer.up, &mut workspace.up[..])],
        );
        workspace.quantized.resize(count, decoder.ffn_size);
        {
            let gate = SharedRows::new(&mut workspace.gate, decoder.ffn_size);
            let up = SharedRows::new(&mut workspace.up, decoder.ffn_size);
            let quantized = workspace.quantized.shared();
            self.each_row(count, |row| {
                // SAFETY: each row is one task's.
                unsafe {
                    let (gate, up) = (gate.row(row), up.row(row));
                    if let (Some(gate_bias), Some(up_bias)) = (layer.gate_bias, layer.up_bias) {
                        rows::add(self.isa, gate, gate_bias);
                        rows::add(self.isa, up, up_bias);
                    }
                    rows::gate(self.isa, decoder.activation, gate, up);
                    quantized.set(self.isa, row, gate)
                }
            })?;
        }
        workspace.output.resize(count * decoder.hidden_size, 0.0);
        self.linear(&workspace.quantized, [(&layer.down, &mut workspace.output[..])]);
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
                    (*sine, *cosine) = rotary::sine_cosine(position.at as u32, *inv_freq, rotary.attention_factor);
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
        self.each_row(positions.len(), |row| {
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
                        rows::rms_norm(self.isa, &copy, gain, decoder.norm_epsilon, head);
                    }
                    rows::rotate(self.isa, head, sines, cosines);
                }
            }
            let position = &positions[row];
            let (mut key_bits, mut value_bits) = ([0; MAX_HEAD], [0; MAX_HEAD]);
            for (head, (key, value)) in key.chunks_exact(width).zip(value.chunks_exact(width)).enumerate() {
                rows::to_half(self.isa, key, &mut key_bits[..width])?;
                rows::to_half(self.isa, value, &mut value_bits[..width])?;
                // SAFETY: each position is one task's, and attention reads it only later.
                unsafe {
                    writers[position.run].write(index, head, position.at, &key_bits[..width], &value_bits[..width]);
                }
            }
            Ok(())
        })
    }

    fn attend_rows(
        &self,
        layer: usize,
        sequences: &[&Sequence],
        queries: &[f32],
        positions: &[Position],
        attended: &mut [f32],
    ) {
        let decoder = &self.network.decoder;
        let (width, group) = (decoder.head_dim, decoder.heads / decoder.kv_heads);
        let query_width = decoder.heads * width;
        // Rows of one sequence that share loaded keys. Few rows are split by heads too, so that all threads have work.
        let together = (MAX_QUERIES / group).max(1);
        let mut units = Vec::new();
        let mut row = 0;
        while row < positions.len() {
            let run = positions[row].run;
            let same = positions[row..].iter().take(together).take_while(|position| position.run == run).count();
            units.push((row, same));
            row += same;
        }
        let mut share = group.min(MAX_QUERIES);
        while units.len() * decoder.kv_heads * group.div_ceil(share) < 2 * self.team.threads() && share > 2 {
            share = share.div_ceil(2);
        }
        let shares = group.div_ceil(share);
        let out = SharedRows::new(attended, query_width);
        let heads = Heads { width, scale: decoder.attention_scale, cap: decoder.attention_softcap, queries };
        let seen: usize = positions.iter().map(|position| position.at + 1).sum();
        self.share(seen * decoder.heads * width, units.len() * decoder.kv_heads * shares, &|task| {
            let (unit, part) = (task / (decoder.kv_heads * shares), task % (decoder.kv_heads * shares));
            let (kv_head, part) = (part / shares, part % shares);
            let (row, count) = units[unit];
            let members = part * share..((part + 1) * share).min(group);
            let mut list = [Query { offset: 0, first: 0, end: 0 }; MAX_QUERIES];
            let mut used = 0;
            for (row, position) in positions.iter().enumerate().skip(row).take(count) {
                let end = position.at + 1;
                let first = decoder.windows[layer].map_or(0, |window| end.saturating_sub(window));
                for member in members.clone() {
                    let head = kv_head * group + member;
                    list[used] = Query { offset: row * query_width + head * width, first, end };
                    used += 1;
                }
            }
            let sequence = sequences[positions[row].run];
            let first_tile = list[..used].iter().map(|query| query.first).min().unwrap_or(0) / TILE;
            SCRATCH.with_borrow_mut(|(scratch, results)| {
                results.resize(used * width, 0.0);
                attend(
                    self.isa,
                    heads,
                    &list[..used],
                    first_tile,
                    &|tile| sequence.tile(layer, kv_head, tile),
                    scratch,
                    results,
                );
                for (query, result) in list[..used].iter().zip(results.chunks_exact(width)) {
                    // SAFETY: each head of each row is one task's.
                    unsafe { out.part(query.offset, width).copy_from_slice(result) };
                }
            });
        });
    }
}

/// Bytes from which on a section is worth the other threads: some tens of microseconds of work.
const SHARE_FROM: usize = 256 << 10;

/// Widest head.
pub(crate) const MAX_HEAD: usize = 512;

thread_local! {
    static SCRATCH: std::cell::RefCell<(Scratch, Vec<f32>)> = std::cell::RefCell::default();
}

impl SharedRows {
    /// # Safety
    /// No other thread uses this part at the same time, and the buffer is borrowed as long as the result lives.
    #[allow(clippy::mut_from_ref)]
    unsafe fn part(&self, offset: usize, length: usize) -> &mut [f32] {
        assert!(offset + length <= self.rows * self.width);
        // SAFETY: within the buffer; the caller keeps parts apart.
        unsafe { std::slice::from_raw_parts_mut(self.data.add(offset), length) }
    }
}

fn frequencies(rotary: &Rotary, long: bool) -> &[f32] {
    match &rotary.long {
        Some(other) if long => &other.inv_freq,
        _ => &rotary.inv_freq,
    }
}

/// A row of a matrix as numbers.
pub(crate) fn embed(matrix: &Matrix<'_>, row: usize, output: &mut [f32]) {
    let (panel, column) = (row / PANEL_COLUMNS, row % PANEL_COLUMNS);
    let bytes = matrix.panel_bytes();
    let blocks = matrix.columns / BLOCK;
    let panel = &matrix.panels[panel * bytes..][..bytes];
    for (block, output) in panel.chunks_exact(bytes / blocks).zip(output.as_chunks_mut::<BLOCK>().0) {
        let (scales, weights) = block.split_at(2 * PANEL_COLUMNS);
        let scale = f16_to_f32(u16::from_le_bytes([scales[2 * column], scales[2 * column + 1]]));
        for (at, output) in output.iter_mut().enumerate() {
            let (group, byte) = (at / 4, at % 4);
            let q = match matrix.packing {
                Packing::Q8 => weights[128 * group + 4 * column + byte] as i8,
                Packing::Q4 => {
                    let packed = weights[128 * (group % 4) + 4 * column + byte];
                    (if group < 4 { packed & 0xf } else { packed >> 4 }) as i8 - 8
                }
            };
            *output = f32::from(q) * scale;
        }
    }
}
