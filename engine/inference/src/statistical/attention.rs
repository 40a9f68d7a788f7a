//! Causal grouped-query attention over a key and value cache.
//!
//! Each query and head is computed alone: scores by the dot product of `kernels` times the scale,
//! the maximum, `e^(s - max)` summed in key order, values added in key order, one division. So a
//! position has the same result whether it is computed with others or alone.

use rayon::prelude::*;

use crate::statistical::config::Config;
use crate::statistical::kernels::dot;
use crate::statistical::math::{exp, rope_frequencies, rotation};

const PARALLEL_FROM: usize = 1 << 16;

/// Rotary position embedding: pairs `(i, i + head_dim / 2)` turn by position times frequency.
#[derive(Debug)]
pub(crate) struct Rope {
    frequencies: Vec<f64>,
}

impl Rope {
    pub fn new(config: &Config) -> Self {
        Self { frequencies: rope_frequencies(config.head_dim, config.rope_theta) }
    }

    /// Turns all heads of each row; the first row stands at `first`.
    pub fn apply(&self, rows: &mut [f32], width: usize, first: usize) {
        let half = self.frequencies.len();
        for (position, row) in (first..).zip(rows.chunks_exact_mut(width)) {
            let turns: Vec<(f32, f32)> = self.frequencies.iter().map(|f| rotation(position, *f)).collect();
            for head in row.chunks_exact_mut(2 * half) {
                let (low, high) = head.split_at_mut(half);
                for ((a, b), (cos, sin)) in low.iter_mut().zip(high).zip(&turns) {
                    (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
                }
            }
        }
    }
}

/// Keys and values of one layer for the positions so far, `[position][kv head][dimension]`.
#[derive(Debug, Default)]
pub(crate) struct LayerCache {
    pub keys: Vec<f32>,
    pub values: Vec<f32>,
}

/// Attention of rotated query rows, the first at position `first`; their keys are in the cache.
pub(crate) fn attend(config: &Config, queries: &[f32], cache: &LayerCache, first: usize) -> Vec<f32> {
    let (d, kv_width) = (config.head_dim, config.kv_width());
    let group = config.heads / config.kv_heads;
    let scale = 1.0 / (d as f32).sqrt();
    let mut out = vec![0f32; queries.len()];
    let one = |(at, (query, out)): (usize, (&[f32], &mut [f32]))| {
        let (row, head) = (at / config.heads, at % config.heads);
        let offset = (head / group) * d;
        let visible = first + row + 1;
        let keys = cache.keys.chunks_exact(kv_width).take(visible);
        let mut scores: Vec<f32> = keys.map(|key| dot(query, &key[offset..][..d]) * scale).collect();
        // A NaN is not chosen here, and comes back through the sum.
        let max = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut sum = 0f32;
        for score in &mut scores {
            *score = exp(*score - max);
            sum += *score;
        }
        for (p, value) in scores.iter().zip(cache.values.chunks_exact(kv_width)) {
            for (out, value) in out.iter_mut().zip(&value[offset..][..d]) {
                *out += p * value;
            }
        }
        out.iter_mut().for_each(|out| *out /= sum);
    };
    let work = queries.len().saturating_mul(cache.keys.len() / kv_width);
    if work < PARALLEL_FROM {
        queries.chunks_exact(d).zip(out.chunks_exact_mut(d)).enumerate().for_each(one);
    } else {
        queries.par_chunks_exact(d).zip(out.par_chunks_exact_mut(d)).enumerate().for_each(one);
    }
    out
}
