//! The operators of a decoder's layer, and a record of what they gave.

use serde::{Deserialize, Serialize};
use strike_models::architecture::Decoder;
use strike_models::tensors::BLOCK;

use crate::exact::trace::{cell, Hash};

/// An operator of a decoder's layer, in the order in which they are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    /// The residual stream that enters the layer: the scaled embedding, or what the layer before left.
    Input,
    /// RMSNorm before attention.
    AttentionNorm,
    /// Its integers.
    AttentionNormQ,
    /// The scale of each of its blocks.
    AttentionNormScales,
    /// Product with the query matrix. A row a head, as in all outputs of heads.
    Query,
    /// Product with the key matrix.
    Key,
    /// Product with the value matrix.
    Value,
    /// Queries after their bias.
    QueryBias,
    /// Keys after their bias.
    KeyBias,
    /// Values after their bias.
    ValueBias,
    /// Queries after the norm of each head.
    QueryNorm,
    /// Keys after the norm of each head.
    KeyNorm,
    /// Queries after the rotary embedding.
    QueryRotary,
    /// Keys after the rotary embedding.
    KeyRotary,
    /// Keys as they are kept.
    CachedKey,
    /// Values as they are kept.
    CachedValue,
    /// Scores of the positions seen, after the scale and the cap. A row a query head, a number a position.
    Scores,
    /// The largest score of each query head, the first in order among equals.
    Maximum,
    /// `exp(score - maximum)`, shaped as the scores.
    Weights,
    /// Sum of the weights of each query head.
    Total,
    /// Result of attention. A row a query head.
    Heads,
    /// Integers of all heads' results joined.
    HeadsQ,
    /// The scale of each of their blocks.
    HeadsScales,
    /// Product with the output matrix.
    AttentionOutput,
    /// The same after its bias.
    AttentionOutputBias,
    /// The same after its norm.
    PostAttentionNorm,
    /// The residual stream behind attention.
    AttentionResidual,
    /// RMSNorm before the feed-forward part.
    FfnNorm,
    /// Its integers.
    FfnNormQ,
    /// The scale of each of its blocks.
    FfnNormScales,
    /// Product with the gate matrix.
    Gate,
    /// Product with the up matrix.
    Up,
    /// The gate after its bias.
    GateBias,
    /// Up after its bias.
    UpBias,
    /// `activation(gate) · up`.
    Activated,
    /// Its integers.
    ActivatedQ,
    /// The scale of each of its blocks.
    ActivatedScales,
    /// Product with the down matrix.
    Down,
    /// The same after its bias.
    DownBias,
    /// The same after its norm.
    PostFfnNorm,
    /// The residual stream behind the layer.
    Output,
}

impl std::fmt::Display for Operator {
    /// The name that a record has for it.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.serialize(formatter)
    }
}

/// What the bits of an output mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// binary32.
    F32,
    /// binary16, in the low 16 bits.
    F16,
    /// A signed byte, in the low 8 bits.
    I8,
}

impl Operator {
    /// The numbers of its output.
    pub fn number(self) -> Number {
        match self {
            Self::AttentionNormQ | Self::HeadsQ | Self::FfnNormQ | Self::ActivatedQ => Number::I8,
            Self::CachedKey | Self::CachedValue => Number::F16,
            _ => Number::F32,
        }
    }

    /// Operators of a layer at a position with the rows and the numbers of a row of their outputs, in order.
    pub(crate) fn shapes(decoder: &Decoder, layer: usize, position: usize) -> Vec<(Self, usize, usize)> {
        use Operator as O;
        let (heads, kv_heads, width) = (decoder.heads, decoder.kv_heads, decoder.head_dim);
        let (hidden, ffn) = (decoder.hidden_size, decoder.ffn_size);
        let seen = position + 1 - first_seen(decoder, layer, position);
        let joined = heads * width;
        let all = [
            (true, O::Input, 1, hidden),
            (true, O::AttentionNorm, 1, hidden),
            (true, O::AttentionNormQ, 1, hidden),
            (true, O::AttentionNormScales, 1, hidden / BLOCK),
            (true, O::Query, heads, width),
            (true, O::Key, kv_heads, width),
            (true, O::Value, kv_heads, width),
            (decoder.qkv_bias, O::QueryBias, heads, width),
            (decoder.qkv_bias, O::KeyBias, kv_heads, width),
            (decoder.qkv_bias, O::ValueBias, kv_heads, width),
            (decoder.qk_norm, O::QueryNorm, heads, width),
            (decoder.qk_norm, O::KeyNorm, kv_heads, width),
            (true, O::QueryRotary, heads, width),
            (true, O::KeyRotary, kv_heads, width),
            (true, O::CachedKey, kv_heads, width),
            (true, O::CachedValue, kv_heads, width),
            (true, O::Scores, heads, seen),
            (true, O::Maximum, 1, heads),
            (true, O::Weights, heads, seen),
            (true, O::Total, 1, heads),
            (true, O::Heads, heads, width),
            (true, O::HeadsQ, 1, joined),
            (true, O::HeadsScales, 1, joined / BLOCK),
            (true, O::AttentionOutput, 1, hidden),
            (decoder.attention_output_bias, O::AttentionOutputBias, 1, hidden),
            (decoder.post_norms, O::PostAttentionNorm, 1, hidden),
            (true, O::AttentionResidual, 1, hidden),
            (true, O::FfnNorm, 1, hidden),
            (true, O::FfnNormQ, 1, hidden),
            (true, O::FfnNormScales, 1, hidden / BLOCK),
            (true, O::Gate, 1, ffn),
            (true, O::Up, 1, ffn),
            (decoder.ffn_bias, O::GateBias, 1, ffn),
            (decoder.ffn_bias, O::UpBias, 1, ffn),
            (true, O::Activated, 1, ffn),
            (true, O::ActivatedQ, 1, ffn),
            (true, O::ActivatedScales, 1, ffn / BLOCK),
            (true, O::Down, 1, hidden),
            (decoder.ffn_bias, O::DownBias, 1, hidden),
            (decoder.post_norms, O::PostFfnNorm, 1, hidden),
            (true, O::Output, 1, hidden),
        ];
        all.into_iter()
            .filter(|(present, ..)| *present)
            .map(|(_, operator, rows, width)| (operator, rows, width))
            .collect()
    }
}

/// First position that a layer's attention sees.
pub(crate) fn first_seen(decoder: &Decoder, layer: usize, position: usize) -> usize {
    decoder.windows[layer].map_or(0, |window| (position + 1).saturating_sub(window))
}

/// The output of one operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorOutput {
    /// The operator.
    pub operator: Operator,
    /// Its numbers, as bits: [`Operator::number`] says of what.
    pub rows: Vec<Vec<u32>>,
}

/// Everything that one layer computed at one position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operators {
    /// The position, prompt included, from 0.
    pub position: usize,
    /// The layer, from 0.
    pub layer: usize,
    /// The outputs, in order.
    pub outputs: Vec<OperatorOutput>,
}

impl Operators {
    /// The output of an operator, if the record has it.
    pub fn output(&self, operator: Operator) -> Option<&OperatorOutput> {
        self.outputs.iter().find(|output| output.operator == operator)
    }

    /// The cell of the trace that these outputs give: of [`Operator::CachedKey`], [`Operator::CachedValue`] and
    /// [`Operator::Output`]. `None` where one of them is missing or has numbers that are too large.
    pub fn cell(&self) -> Option<Hash> {
        let rows = |operator| self.output(operator).map(|output| &output.rows);
        let halves = |rows: &[Vec<u32>]| -> Option<Vec<Vec<u16>>> {
            rows.iter().map(|row| row.iter().map(|bits| u16::try_from(*bits).ok()).collect()).collect()
        };
        let hidden = rows(Operator::Output)?.first()?;
        let (keys, values) = (halves(rows(Operator::CachedKey)?)?, halves(rows(Operator::CachedValue)?)?);
        (keys.len() == values.len())
            .then(|| cell(self.position, self.layer, hidden, keys.iter().zip(&values).map(|(k, v)| (&k[..], &v[..]))))
    }
}
