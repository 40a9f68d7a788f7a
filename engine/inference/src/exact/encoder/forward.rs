//! The forward pass of an encoder: `docs/arithmetic.md`, "Encoder".
//!
//! Rows are the tokens of several texts, one text behind the other and without padding. Linear layers and norms see rows,
//! attention sees texts, so no text sees another.

use std::ops::Range;

use strike_arithmetic::attention::TILE;
use strike_arithmetic::NotFinite;
use strike_models::architecture::Pooling;

use crate::exact::encoder::network::{EncoderLayer, EncoderNetwork, Linear, Norm};
use crate::exact::error::JobError;
use crate::exact::threads::parallel::{Parallel, SharedRows};
use crate::kernels::activations::Activations;
use crate::kernels::attention::{attend, padded, Call, Heads, Query, Scratch, TileView, Tiles, MAX_QUERIES};
use crate::kernels::embedding::embed;
use crate::kernels::{functions, half, norm, pooling, rows};

/// Rows whose feed-forward states are in memory at once: so few that those of an ordinary model stay in a core's cache between
/// the two products.
const FFN_ROWS: usize = 64;

/// Working memory of forward passes.
#[derive(Default)]
pub(crate) struct EncoderWorkspace {
    hidden: Vec<f32>,
    query: Vec<f32>,
    key: Vec<f32>,
    value: Vec<f32>,
    key_bits: Vec<u16>,
    value_bits: Vec<u16>,
    attended: Vec<f32>,
    up: Vec<f32>,
    output: Vec<f32>,
    /// The residual stream, equalized and quantized.
    quantized: Activations,
    /// Another input of a linear layer.
    inner: Activations,
    /// The rows of each text.
    texts: Vec<Range<usize>>,
}

/// An encoder on an instruction set and a pool.
pub(crate) struct EncoderForward<'a> {
    pub parallel: Parallel<'a>,
    pub network: &'a EncoderNetwork,
}

impl EncoderForward<'_> {
    /// The vector of each text. `check` is called before every layer; its error ends the pass. `observe` sees every layer's
    /// number and the residual stream behind it, a row a token.
    pub fn embed(
        &self,
        texts: &[Vec<u32>],
        workspace: &mut EncoderWorkspace,
        check: &dyn Fn() -> Result<(), JobError>,
        observe: &mut dyn FnMut(usize, &[f32]),
    ) -> Result<Vec<Vec<f32>>, JobError> {
        workspace.texts.clear();
        let mut count = 0;
        for text in texts {
            workspace.texts.push(count..count + text.len());
            count += text.len();
        }
        let width = self.network.encoder.hidden_size;
        for buffer in [
            &mut workspace.hidden,
            &mut workspace.query,
            &mut workspace.key,
            &mut workspace.value,
            &mut workspace.attended,
            &mut workspace.output,
        ] {
            buffer.resize(count * width, 0.0);
        }
        workspace.key_bits.resize(count * width, 0);
        workspace.value_bits.resize(count * width, 0);
        self.embeddings(texts, workspace)?;
        for (number, layer) in self.network.layers.iter().enumerate() {
            check()?;
            self.attention(layer, workspace)?;
            self.feed_forward(layer, workspace)?;
            observe(number, &workspace.hidden);
        }
        Ok(self.pool(workspace)?)
    }

    /// `norm((token + position) + type)` of all rows, equalized and quantized too.
    fn embeddings(&self, texts: &[Vec<u32>], workspace: &mut EncoderWorkspace) -> Result<(), NotFinite> {
        let (encoder, isa) = (&self.network.encoder, self.parallel.isa);
        let width = encoder.hidden_size;
        let places: Vec<(u32, usize)> =
            texts.iter().flat_map(|text| text.iter().copied().zip(encoder.position_offset..)).collect();
        workspace.quantized.resize(places.len(), width);
        let hidden = SharedRows::new(&mut workspace.hidden, width);
        let other = SharedRows::new(&mut workspace.output, width);
        let quantized = workspace.quantized.shared();
        self.parallel.each_row(places.len(), |row| {
            // SAFETY: each row is one task's.
            let (hidden, other) = unsafe { (hidden.row(row), other.row(row)) };
            let (token, position) = places[row];
            embed(&self.network.embedding, token as usize, hidden);
            embed(&self.network.positions, position, other);
            rows::add(isa, hidden, other);
            // -0 leaves every number as it is, zeros too.
            other.fill(-0.0);
            norm::sum_norm(isa, hidden, other, &self.network.token_type, self.sum_norm(&self.network.embedding_norm));
            // SAFETY: as above.
            unsafe { quantized.set(isa, row, other) }
        })
    }

    fn attention(&self, layer: &EncoderLayer, workspace: &mut EncoderWorkspace) -> Result<(), NotFinite> {
        let (width, isa) = (self.network.encoder.hidden_size, self.parallel.isa);
        let count = workspace.quantized.rows();
        self.parallel.linear(
            &workspace.quantized,
            [
                (&layer.query.weight, &mut workspace.query[..]),
                (&layer.key.weight, &mut workspace.key[..]),
                (&layer.value.weight, &mut workspace.value[..]),
            ],
        );
        {
            let query = SharedRows::new(&mut workspace.query, width);
            let key = SharedRows::new(&mut workspace.key, width);
            let value = SharedRows::new(&mut workspace.value, width);
            let key_bits = SharedRows::new(&mut workspace.key_bits, width);
            let value_bits = SharedRows::new(&mut workspace.value_bits, width);
            self.parallel.each_row(count, |row| {
                // SAFETY: each row is one task's.
                unsafe {
                    rows::add(isa, query.row(row), layer.query.bias);
                    rows::add(isa, key.row(row), layer.key.bias);
                    rows::add(isa, value.row(row), layer.value.bias);
                    half::to_half(isa, key.row(row), key_bits.row(row))?;
                    half::to_half(isa, value.row(row), value_bits.row(row))
                }
            })?;
        }
        self.attend(workspace);
        self.parallel.quantize_rows(&workspace.attended, width, &mut workspace.inner)?;
        self.parallel.linear(&workspace.inner, [(&layer.attention_output.weight, &mut workspace.output[..])]);
        let all = 0..count;
        self.add_and_norm(&layer.attention_output, &layer.attention_norm, all, workspace)
    }

    /// Every head of every text by itself.
    fn attend(&self, workspace: &mut EncoderWorkspace) {
        let encoder = &self.network.encoder;
        let (width, heads) = (encoder.hidden_size / encoder.heads, encoder.heads);
        let out = SharedRows::new(&mut workspace.attended, encoder.hidden_size);
        let shared = Heads { width, scale: self.network.attention_scale, cap: None, queries: &workspace.query };
        let (keys, values, texts) = (&workspace.key_bits, &workspace.value_bits, &workspace.texts);
        self.parallel.pool.run(texts.len() * heads, &|task| {
            let text = texts[task / heads].clone();
            let offset = |position: usize| (text.start + position) * encoder.hidden_size + task % heads * width;
            let count = text.len();
            SCRATCH.with_borrow_mut(|HeadScratch { tiles, scratch, results }| {
                tiles.fill(width, count, |position| {
                    (&keys[offset(position)..][..width], &values[offset(position)..][..width])
                });
                for first in (0..count).step_by(MAX_QUERIES) {
                    let used = (count - first).min(MAX_QUERIES);
                    let mut queries = [Query { offset: 0, first: 0, end: count }; MAX_QUERIES];
                    for (at, query) in queries[..used].iter_mut().enumerate() {
                        query.offset = offset(first + at);
                    }
                    results.resize(used * width, 0.0);
                    attend(self.parallel.isa, &Call::new(shared, &queries[..used], tiles), scratch, results);
                    for (query, result) in queries[..used].iter().zip(results.chunks_exact(width)) {
                        // SAFETY: each head of each row is one task's.
                        unsafe { out.part(query.offset, width).copy_from_slice(result) };
                    }
                }
            });
        });
    }

    fn feed_forward(&self, layer: &EncoderLayer, workspace: &mut EncoderWorkspace) -> Result<(), NotFinite> {
        let (encoder, isa) = (&self.network.encoder, self.parallel.isa);
        let (width, count) = (encoder.hidden_size, workspace.quantized.rows());
        for first in (0..count).step_by(FFN_ROWS) {
            let part = first..count.min(first + FFN_ROWS);
            workspace.up.resize(part.len() * encoder.ffn_size, 0.0);
            let up = &mut workspace.up[..];
            self.parallel.linear_rows(&workspace.quantized, part.clone(), [(&layer.up.weight, up)]);
            workspace.inner.resize(part.len(), encoder.ffn_size);
            {
                let up = SharedRows::new(&mut workspace.up, encoder.ffn_size);
                let inner = workspace.inner.shared();
                self.parallel.each_row(part.len(), |row| {
                    // SAFETY: each row is one task's.
                    unsafe {
                        let up = up.row(row);
                        functions::activate(isa, encoder.activation, up, layer.up.bias);
                        inner.set(isa, row, up)
                    }
                })?;
            }
            let output = &mut workspace.output[part.start * width..part.end * width];
            self.parallel.linear(&workspace.inner, [(&layer.down.weight, output)]);
            self.add_and_norm(&layer.down, &layer.ffn_norm, part, workspace)?;
        }
        Ok(())
    }

    fn sum_norm<'a>(&'a self, norm: &Norm) -> norm::SumNorm<'a> {
        let EncoderNetwork { encoder, factors, .. } = self.network;
        norm::SumNorm { gain: norm.gain, shift: norm.shift, epsilon: encoder.norm_epsilon, factors }
    }

    /// `norm(hidden + (output + bias))` of some rows, equalized and quantized too.
    fn add_and_norm(
        &self,
        linear: &Linear,
        norm: &Norm,
        part: Range<usize>,
        workspace: &mut EncoderWorkspace,
    ) -> Result<(), NotFinite> {
        let (encoder, isa) = (&self.network.encoder, self.parallel.isa);
        let hidden = SharedRows::new(&mut workspace.hidden, encoder.hidden_size);
        let output = SharedRows::new(&mut workspace.output, encoder.hidden_size);
        let quantized = workspace.quantized.shared();
        self.parallel.each_row(part.len(), |row| {
            let row = part.start + row;
            // SAFETY: each row is one task's.
            unsafe {
                let (hidden, output) = (hidden.row(row), output.row(row));
                norm::sum_norm(isa, hidden, output, linear.bias, self.sum_norm(norm));
                quantized.set(isa, row, output)
            }
        })
    }

    fn pool(&self, workspace: &EncoderWorkspace) -> Result<Vec<Vec<f32>>, NotFinite> {
        let (encoder, isa) = (&self.network.encoder, self.parallel.isa);
        let width = encoder.hidden_size;
        let texts = &workspace.texts;
        let mut vectors = vec![0.0; texts.len() * width];
        let shared = SharedRows::new(&mut vectors, width);
        self.parallel.each_row(texts.len(), |text| {
            // SAFETY: each row is one task's.
            let vector = unsafe { shared.row(text) };
            let mut states = workspace.hidden[texts[text].start * width..texts[text].end * width].chunks_exact(width);
            match encoder.pooling {
                Pooling::Cls => vector.copy_from_slice(states.next().unwrap_or(&[])),
                Pooling::Mean => {
                    states.for_each(|state| rows::add(isa, vector, state));
                    pooling::divide(isa, vector, texts[text].len() as f32);
                }
            }
            if encoder.normalize {
                return pooling::normalize(isa, vector);
            }
            if vector.iter().all(|x| x.is_finite()) {
                Ok(())
            } else {
                Err(NotFinite)
            }
        })?;
        Ok(vectors.chunks_exact(width).map(<[f32]>::to_vec).collect())
    }
}

/// Working memory of one thread.
#[derive(Default)]
struct HeadScratch {
    tiles: TextTiles,
    scratch: Scratch,
    results: Vec<f32>,
}

thread_local! {
    static SCRATCH: std::cell::RefCell<HeadScratch> = std::cell::RefCell::default();
}

/// Keys and values of one head of one text. What lies behind the last position is left over from others; attention does not
/// let it into a result.
#[derive(Default)]
struct TextTiles {
    keys: Vec<u16>,
    values: Vec<u16>,
    width: usize,
}

impl TextTiles {
    /// Takes key and value of `count` positions.
    fn fill<'a>(&mut self, width: usize, count: usize, row: impl Fn(usize) -> (&'a [u16], &'a [u16])) {
        self.width = width;
        let (positions, stored) = (count.next_multiple_of(TILE), padded(width));
        self.keys.resize(positions * width, 0);
        self.values.resize(positions * stored, 0);
        for position in 0..count {
            let (key, value) = row(position);
            let (tile, at) = (position / TILE, position % TILE);
            let column = &mut self.keys[tile * width * TILE..][..width * TILE];
            for (element, bits) in key.iter().enumerate() {
                column[element * TILE + at] = *bits;
            }
            self.values[position * stored..][..width].copy_from_slice(value);
        }
    }
}

impl Tiles for TextTiles {
    fn tile(&self, tile: usize) -> TileView<'_> {
        let (keys, values) = (self.width * TILE, padded(self.width) * TILE);
        TileView { keys: &self.keys[tile * keys..][..keys], values: &self.values[tile * values..][..values] }
    }
}
