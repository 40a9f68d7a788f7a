//! Attention of rows of queries to keys and values.

use candle_core::{Device, Result, Tensor};

use super::linear::soft_cap;

/// Factor and cap of the scores.
#[derive(Clone, Copy)]
pub(super) struct Scores {
    pub scale: f32,
    pub cap: Option<f32>,
}

impl Scores {
    /// `queries` are `heads × n × d`, keys and values `kv_heads × m × d`; `heads / kv_heads` consecutive heads share a key head.
    /// The mask is `n × m` and is added to the scores. The result is `n × heads · d`.
    pub fn attend(self, queries: &Tensor, keys: &Tensor, values: &Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
        let ((heads, count, width), (kv_heads, seen, _)) = (queries.dims3()?, keys.dims3()?);
        // Queries that share a head of keys are rows of one product, so that keys need not be repeated.
        let queries = queries.contiguous()?.reshape((kv_heads, heads / kv_heads * count, width))?;
        let scores = (queries.matmul(&keys.t()?)? * f64::from(self.scale))?;
        let scores = soft_cap(scores, self.cap)?.reshape((heads, count, seen))?;
        let scores = match mask {
            Some(mask) => scores.broadcast_add(mask)?,
            None => scores,
        };
        let weights = candle_nn::ops::softmax_last_dim(&scores.contiguous()?)?;
        let mixed = weights.reshape((kv_heads, heads / kv_heads * count, seen))?.matmul(values)?;
        mixed.reshape((heads, count, width))?.transpose(0, 1)?.contiguous()?.reshape((count, heads * width))
    }
}

/// Rows as heads: `n × heads · d` to `heads × n × d`.
pub(super) fn split_heads(rows: &Tensor, heads: usize) -> Result<Tensor> {
    let (count, width) = rows.dims2()?;
    rows.reshape((count, heads, width / heads))?.transpose(0, 1)?.contiguous()
}

/// What consecutive queries see of the keys: those before and, with a window, not too far before.
pub(super) struct Visible {
    /// The first key that any of them sees.
    pub first: usize,
    /// For the keys from `first` on; `None` if all queries see all of them.
    pub mask: Option<Tensor>,
}

impl Visible {
    /// Of the queries at the positions from `from` on.
    pub fn new(window: Option<usize>, from: usize, count: usize, device: &Device) -> Result<Self> {
        let reach = window.unwrap_or(usize::MAX);
        let first = (from + 1).saturating_sub(reach);
        if count == 1 {
            return Ok(Self { first, mask: None });
        }
        let sees = |query: usize, key: usize| key <= query && query - key < reach;
        let mask: Vec<f32> = (from..from + count)
            .flat_map(|query| {
                (first..from + count).map(move |key| if sees(query, key) { 0.0 } else { f32::NEG_INFINITY })
            })
            .collect();
        let mask = Tensor::from_vec(mask, (count, from + count - first), device)?;
        Ok(Self { first, mask: Some(mask) })
    }
}
