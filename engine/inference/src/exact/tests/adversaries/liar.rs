//! Somebody who generates by the definitions, slowly, and may change anything on the way. Everything behind a change follows from
//! it, hashes included.

use std::collections::HashMap;

use strike_arithmetic::activations::quantize_row;
use strike_arithmetic::{functions, norm, sampler, NotFinite};

use crate::exact::decoder::model::ExactModel;
use crate::exact::job::{Job, Stop};
use crate::exact::operators::{compute, linear, Operator, OperatorOutput, Operators, Past, Place, Witness};
use crate::exact::trace::{last_input, Hash, TokenTrace, Trace};
use crate::exact::verify::Claim;
use crate::kernels::embedding::embed;

/// Position, layer, operator, and its output.
pub(crate) type Change<'a> = &'a mut dyn FnMut(usize, usize, Operator, &mut [u32]);

/// What is done otherwise.
#[derive(Default)]
pub(crate) struct Lies<'a> {
    /// The output, whatever the model chooses.
    pub forced: Option<&'a [u32]>,
    /// Outputs of operators.
    pub change: Option<Change<'a>>,
    /// What is left of keys and values of a position once it is done.
    pub forget: Option<fn(&mut [u16])>,
}

/// A generation and everything it went through.
pub(crate) struct Made {
    pub tokens: Vec<u32>,
    pub stop: Stop,
    pub trace: Trace,
    pub operators: HashMap<(usize, usize), Operators>,
}

impl Made {
    pub fn claim(&self) -> Claim {
        Claim { tokens: self.tokens.clone(), stop: self.stop, trace_root: Some(self.trace.root()) }
    }
}

struct Changing<'a, 'b> {
    outputs: Vec<OperatorOutput>,
    position: usize,
    layer: usize,
    change: Option<&'a mut Change<'b>>,
}

impl Witness for Changing<'_, '_> {
    fn output(&mut self, operator: Operator, bits: &mut [u32], width: usize) {
        if let Some(change) = &mut self.change {
            change(self.position, self.layer, operator, bits);
        }
        self.outputs.output(operator, bits, width);
    }
}

/// Generates.
pub(crate) fn generate(model: &ExactModel, job: &Job, mut lies: Lies<'_>) -> Result<Made, NotFinite> {
    let network = &model.network;
    let decoder = &network.decoder;
    let (limits, long) = (model.limits(), network.is_long(job));
    let mut past = vec![Past::new(decoder.kv_heads); decoder.layers];
    let (mut history, mut tokens, mut cells, mut operators) =
        (job.prompt.clone(), Vec::new(), Vec::new(), HashMap::new());
    let prompt = job.prompt.len();
    let end = |history: &[u32]| match lies.forced {
        Some(forced) if history.len() < prompt + forced.len() => None,
        Some(forced) => Some(job.stop_after(forced, false, &limits).unwrap_or(Stop::MaxTokens)),
        None => job.stop_after(&history[prompt..], false, &limits),
    };
    let stop = loop {
        if let Some(stop) = end(&history) {
            break stop;
        }
        let position = tokens.len();
        let mut hidden = vec![0.0; decoder.hidden_size];
        embed(&network.embedding, history[position] as usize, &mut hidden);
        if let Some(factor) = decoder.embedding_scale {
            hidden.iter_mut().for_each(|number| *number *= factor);
        }
        for (index, layer) in network.layers.iter().enumerate() {
            let place = Place { decoder, layer, adapter: network.adapter.as_deref(), index, position, long };
            let mut witness = Changing { outputs: Vec::new(), position, layer: index, change: lies.change.as_mut() };
            hidden = compute(place, hidden, &mut past[index], &mut witness)?;
            let record = Operators { position, layer: index, outputs: witness.outputs };
            cells.push(record.cell().expect("a whole record"));
            operators.insert((position, index), record);
            if let Some(forget) = lies.forget {
                let width = decoder.head_dim;
                let past = &mut past[index];
                past.keys.iter_mut().chain(&mut past.values).for_each(|rows| {
                    let own = rows.len() - width;
                    forget(&mut rows[own..]);
                });
            }
        }
        let mut token =
            TokenTrace { token: history[position], best: u32::MAX, chosen: u32::MAX, last: Hash::default() };
        if position + 1 >= prompt {
            norm::rms_norm(&mut hidden, network.output_norm, decoder.norm_epsilon);
            let blocks = quantize_row(&hidden)?;
            let q: Vec<i8> = blocks.iter().flat_map(|block| block.q).collect();
            let scales: Vec<f32> = blocks.iter().map(|block| block.scale).collect();
            let mut logits = linear(&network.output, &blocks);
            if let Some(cap) = decoder.logit_softcap {
                logits.iter_mut().for_each(|logit| *logit = functions::soft_cap(*logit, cap));
            }
            let choice = sampler::choose(&job.sampler, &mut logits, &history, &job.seed, position as u32 + 1)?;
            let chosen = lies.forced.map_or(choice.token, |forced| forced[position + 1 - prompt]);
            token = TokenTrace { token: token.token, best: choice.best, chosen, last: last_input(&q, &scales) };
            history.push(chosen);
        }
        tokens.push(token);
    };
    let trace = trace(decoder.layers, &tokens, &cells);
    Ok(Made { tokens: history.split_off(prompt), stop, trace, operators })
}

/// A trace of anything.
pub(crate) fn trace(layers: usize, tokens: &[TokenTrace], cells: &[Hash]) -> Trace {
    let mut bytes = Vec::new();
    for count in [tokens.len(), layers] {
        bytes.extend_from_slice(&(count as u32).to_le_bytes());
    }
    for token in tokens {
        for number in [token.token, token.best, token.chosen] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&token.last);
    }
    cells.iter().for_each(|cell| bytes.extend_from_slice(cell));
    Trace::from_bytes(&bytes).expect("counts that fit")
}
