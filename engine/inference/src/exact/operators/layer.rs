//! One layer at one position from the definitions: `docs/arithmetic.md`, "Decoder". Slow, and nothing in it is a kernel.

use strike_arithmetic::activations::{quantize_row, ActivationBlock};
use strike_arithmetic::attention::{attend_in_steps, Cache, Steps};
use strike_arithmetic::half::f32_to_f16;
use strike_arithmetic::weights::WeightBlock;
use strike_arithmetic::{functions, linear, norm, rotary, NotFinite};
use strike_models::architecture::{Activation, Decoder};
use strike_models::tensors::{LayerTensor, Matrix, BLOCK};
use strike_models::Adapter;

use super::operator::{first_seen, Operator, OperatorOutput};
use crate::exact::decoder::network::Layer;

/// Bytes of a canonical block: the scale, then the integers.
const CANONICAL_BLOCK: usize = 2 + BLOCK;

/// Where a layer is computed.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub decoder: &'a Decoder,
    pub layer: &'a Layer,
    /// What is added to its products.
    pub adapter: Option<&'a Adapter>,
    /// Index of the layer.
    pub index: usize,
    pub position: usize,
    /// Whether the job is longer than the original context of a model with LongRoPE.
    pub long: bool,
}

/// Keys and values of one layer at the positions before: for each key head one row a position.
#[derive(Clone, Default)]
pub(crate) struct Past {
    pub keys: Vec<Vec<u16>>,
    pub values: Vec<Vec<u16>>,
}

impl Past {
    /// Without positions.
    pub fn new(kv_heads: usize) -> Self {
        Self { keys: vec![Vec::new(); kv_heads], values: vec![Vec::new(); kv_heads] }
    }
}

/// Sees the output of every operator, in order, as rows of `width` numbers. What it writes is what is computed with from there on:
/// a record writes nothing.
pub(crate) trait Witness {
    fn output(&mut self, operator: Operator, bits: &mut [u32], width: usize);
}

impl Witness for Vec<OperatorOutput> {
    fn output(&mut self, operator: Operator, bits: &mut [u32], width: usize) {
        let rows = bits.chunks(width.max(1)).map(<[u32]>::to_vec).collect();
        self.push(OperatorOutput { operator, rows });
    }
}

/// Outputs as bits.
struct Notes<'a>(&'a mut dyn Witness);

impl Notes<'_> {
    fn floats(&mut self, operator: Operator, values: &mut [f32], width: usize) {
        let mut bits: Vec<u32> = values.iter().map(|value| value.to_bits()).collect();
        self.0.output(operator, &mut bits, width);
        values.iter_mut().zip(bits).for_each(|(value, bits)| *value = f32::from_bits(bits));
    }

    fn halves(&mut self, operator: Operator, values: &mut [u16], width: usize) {
        let mut bits: Vec<u32> = values.iter().map(|value| u32::from(*value)).collect();
        self.0.output(operator, &mut bits, width);
        values.iter_mut().zip(bits).for_each(|(value, bits)| *value = bits as u16);
    }

    fn quantized(&mut self, [q, scales]: [Operator; 2], blocks: &mut [ActivationBlock<f32>]) {
        let mut bits: Vec<u32> = blocks.iter().flat_map(|block| block.q).map(|q| u32::from(q as u8)).collect();
        let width = bits.len();
        self.0.output(q, &mut bits, width);
        let mut values: Vec<f32> = blocks.iter().map(|block| block.scale).collect();
        let width = values.len();
        self.floats(scales, &mut values, width);
        for ((block, bits), scale) in blocks.iter_mut().zip(bits.chunks_exact(BLOCK)).zip(values) {
            block.scale = scale;
            block.q.iter_mut().zip(bits).for_each(|(q, bits)| *q = *bits as u8 as i8);
        }
    }
}

/// Computes a layer at a position, from the residual stream before it. Own key and value are added to `past`.
pub(crate) fn compute(
    place: Place<'_>,
    mut hidden: Vec<f32>,
    past: &mut Past,
    witness: &mut dyn Witness,
) -> Result<Vec<f32>, NotFinite> {
    let Place { decoder, layer, .. } = place;
    let notes = &mut Notes(witness);
    notes.floats(Operator::Input, &mut hidden, decoder.hidden_size);
    let mut output = attention(place, &hidden, past, notes)?;
    finish(decoder, &mut output, layer.attention_output_bias, layer.post_attention_norm, notes, ATTENTION);
    add(&mut hidden, &output);
    notes.floats(Operator::AttentionResidual, &mut hidden, decoder.hidden_size);
    let mut output = feed_forward(place, &hidden, notes)?;
    finish(decoder, &mut output, layer.down_bias, layer.post_ffn_norm, notes, FEED_FORWARD);
    add(&mut hidden, &output);
    notes.floats(Operator::Output, &mut hidden, decoder.hidden_size);
    Ok(hidden)
}

/// Product, bias and norm at the end of a part of the layer.
const ATTENTION: [Operator; 3] =
    [Operator::AttentionOutput, Operator::AttentionOutputBias, Operator::PostAttentionNorm];
const FEED_FORWARD: [Operator; 3] = [Operator::Down, Operator::DownBias, Operator::PostFfnNorm];

fn finish(
    decoder: &Decoder,
    output: &mut [f32],
    bias: Option<&[f32]>,
    gain: Option<&[f32]>,
    notes: &mut Notes<'_>,
    [product, biased, normed]: [Operator; 3],
) {
    let width = output.len();
    notes.floats(product, output, width);
    if let Some(bias) = bias {
        add(output, bias);
        notes.floats(biased, output, width);
    }
    if let Some(gain) = gain {
        norm::rms_norm(output, gain, decoder.norm_epsilon);
        notes.floats(normed, output, width);
    }
}

fn attention(place: Place<'_>, hidden: &[f32], past: &mut Past, notes: &mut Notes<'_>) -> Result<Vec<f32>, NotFinite> {
    use Operator as O;
    let Place { decoder, layer, index, position, .. } = place;
    let width = decoder.head_dim;
    let mut normed = hidden.to_vec();
    norm::rms_norm(&mut normed, layer.attention_norm, decoder.norm_epsilon);
    notes.floats(O::AttentionNorm, &mut normed, decoder.hidden_size);
    let mut blocks = quantize_row(&normed)?;
    notes.quantized([O::AttentionNormQ, O::AttentionNormScales], &mut blocks);
    let mut rows = [
        product(place, LayerTensor::Query, &layer.query, &blocks)?,
        product(place, LayerTensor::Key, &layer.key, &blocks)?,
        product(place, LayerTensor::Value, &layer.value, &blocks)?,
    ];
    for (row, operator) in rows.iter_mut().zip([O::Query, O::Key, O::Value]) {
        notes.floats(operator, row, width);
    }
    let biases = [layer.query_bias, layer.key_bias, layer.value_bias];
    for ((row, bias), operator) in rows.iter_mut().zip(biases).zip([O::QueryBias, O::KeyBias, O::ValueBias]) {
        if let Some(bias) = bias {
            add(row, bias);
            notes.floats(operator, row, width);
        }
    }
    let [mut query, mut key, value] = rows;
    for (row, gain, operator) in [(&mut query, layer.query_norm, O::QueryNorm), (&mut key, layer.key_norm, O::KeyNorm)]
    {
        if let Some(gain) = gain {
            row.chunks_exact_mut(width).for_each(|head| norm::rms_norm(head, gain, decoder.norm_epsilon));
            notes.floats(operator, row, width);
        }
    }
    let angles = angles(place);
    for (row, operator) in [(&mut query, O::QueryRotary), (&mut key, O::KeyRotary)] {
        row.chunks_exact_mut(width).for_each(|head| rotary::rotate(head, &angles));
        notes.floats(operator, row, width);
    }
    let mut key: Vec<u16> = halves(&key)?;
    let mut value: Vec<u16> = halves(&value)?;
    notes.halves(O::CachedKey, &mut key, width);
    notes.halves(O::CachedValue, &mut value, width);
    for (cached, own) in past.keys.iter_mut().zip(key.chunks_exact(width)) {
        cached.extend_from_slice(own);
    }
    for (cached, own) in past.values.iter_mut().zip(value.chunks_exact(width)) {
        cached.extend_from_slice(own);
    }
    let group = decoder.heads / decoder.kv_heads;
    let (first, end) = (first_seen(decoder, index, position), position + 1);
    let steps: Vec<Steps<f32>> = query
        .chunks_exact(width)
        .enumerate()
        .map(|(head, query)| {
            let (keys, values) = (&past.keys[head / group], &past.values[head / group]);
            let cache = Cache { keys, values, width };
            attend_in_steps(query, &cache, first, end, decoder.attention_scale, decoder.attention_softcap)
        })
        .collect();
    let joined = |part: &dyn Fn(&Steps<f32>) -> Vec<f32>| -> Vec<f32> { steps.iter().flat_map(part).collect() };
    notes.floats(O::Scores, &mut joined(&|steps| steps.scores.clone()), end - first);
    notes.floats(O::Maximum, &mut joined(&|steps| vec![steps.maximum]), decoder.heads);
    notes.floats(O::Weights, &mut joined(&|steps| steps.weights.clone()), end - first);
    notes.floats(O::Total, &mut joined(&|steps| vec![steps.total]), decoder.heads);
    let mut heads = joined(&|steps| steps.output.clone());
    notes.floats(O::Heads, &mut heads, width);
    let mut blocks = quantize_row(&heads)?;
    notes.quantized([O::HeadsQ, O::HeadsScales], &mut blocks);
    product(place, LayerTensor::AttentionOutput, &layer.attention_output, &blocks)
}

fn feed_forward(place: Place<'_>, hidden: &[f32], notes: &mut Notes<'_>) -> Result<Vec<f32>, NotFinite> {
    use Operator as O;
    let Place { decoder, layer, .. } = place;
    let width = decoder.ffn_size;
    let mut normed = hidden.to_vec();
    norm::rms_norm(&mut normed, layer.ffn_norm, decoder.norm_epsilon);
    notes.floats(O::FfnNorm, &mut normed, decoder.hidden_size);
    let mut blocks = quantize_row(&normed)?;
    notes.quantized([O::FfnNormQ, O::FfnNormScales], &mut blocks);
    let mut gate = product(place, LayerTensor::Gate, &layer.gate, &blocks)?;
    let mut up = product(place, LayerTensor::Up, &layer.up, &blocks)?;
    notes.floats(O::Gate, &mut gate, width);
    notes.floats(O::Up, &mut up, width);
    if let (Some(gate_bias), Some(up_bias)) = (layer.gate_bias, layer.up_bias) {
        add(&mut gate, gate_bias);
        notes.floats(O::GateBias, &mut gate, width);
        add(&mut up, up_bias);
        notes.floats(O::UpBias, &mut up, width);
    }
    let function = match decoder.activation {
        Activation::Silu => functions::silu,
        Activation::GeluErf => functions::gelu_erf,
        Activation::GeluTanh => functions::gelu_tanh,
    };
    gate.iter_mut().zip(&up).for_each(|(gate, up)| *gate = function(*gate) * up);
    notes.floats(O::Activated, &mut gate, width);
    let mut blocks = quantize_row(&gate)?;
    notes.quantized([O::ActivatedQ, O::ActivatedScales], &mut blocks);
    product(place, LayerTensor::Down, &layer.down, &blocks)
}

fn angles(place: Place<'_>) -> Vec<(f32, f32)> {
    let decoder = place.decoder;
    let rotary = match (decoder.windows[place.index], &decoder.local_rotary) {
        (Some(_), Some(local)) => local,
        _ => &decoder.rotary,
    };
    let frequencies = match &rotary.long {
        Some(long) if place.long => &long.inv_freq,
        _ => &rotary.inv_freq,
    };
    let angle = |frequency: &f32| rotary::sine_cosine(place.position as u32, *frequency, rotary.attention_factor);
    frequencies.iter().map(angle).collect()
}

fn add(x: &mut [f32], y: &[f32]) {
    x.iter_mut().zip(y).for_each(|(x, y)| *x += y);
}

fn halves(row: &[f32]) -> Result<Vec<u16>, NotFinite> {
    row.iter()
        .map(|value| match f32_to_f16(*value) {
            bits if bits & 0x7c00 == 0x7c00 => Err(NotFinite),
            bits => Ok(bits),
        })
        .collect()
}

/// Product of one of the layer's matrices with a quantized row, and what the adapter adds to it.
fn product(
    place: Place<'_>,
    tensor: LayerTensor,
    matrix: &Matrix<'_>,
    input: &[ActivationBlock<f32>],
) -> Result<Vec<f32>, NotFinite> {
    let mut output = linear(matrix, input);
    if let Some(factors) = place.adapter.and_then(|adapter| adapter.factors(place.index as u16, tensor)) {
        let inner = quantize_row(&linear(&factors.a, input))?;
        add(&mut output, &linear(&factors.b, &inner));
    }
    Ok(output)
}

/// Product of a matrix with a quantized row.
pub(crate) fn linear(matrix: &Matrix<'_>, activations: &[ActivationBlock<f32>]) -> Vec<f32> {
    (0..matrix.rows).map(|row| linear::dot(&weights(matrix, row), activations)).collect()
}

/// The blocks of a row.
pub(crate) fn weights(matrix: &Matrix<'_>, row: usize) -> Vec<WeightBlock> {
    let canonical = matrix.canonical_row(row);
    let (blocks, _) = canonical.as_chunks::<CANONICAL_BLOCK>();
    blocks
        .iter()
        .map(|block| WeightBlock {
            scale: u16::from_le_bytes([block[0], block[1]]),
            q: std::array::from_fn(|at| block[2 + at] as i8),
        })
        .collect()
}
