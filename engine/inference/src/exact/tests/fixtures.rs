//! Seeded models and jobs of all shapes, for tests.

use strike_models::architecture::{Activation, Architecture, Decoder, LongRotary, Rotary};
use strike_models::synthetic::{changed_model, DecoderShape};
use strike_models::tensors::TensorName;
use strike_models::SpecialTokens;

use crate::exact::decoder::model::ExactModel;
use crate::exact::job::{Job, Sampler};

/// xorshift64*.
pub(crate) struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        let mut random = Self((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        random.next();
        random
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        ((self.next() >> 32) as usize * end) >> 32
    }

    /// From `range`, its end included.
    pub fn within(&mut self, range: std::ops::RangeInclusive<usize>) -> usize {
        range.start() + self.below(range.end() - range.start() + 1)
    }

    pub fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub fn tokens(&mut self, count: usize, vocab_size: usize) -> Vec<u32> {
        (0..count).map(|_| self.below(vocab_size) as u32).collect()
    }

    pub fn seed(&mut self) -> [u8; 32] {
        std::array::from_fn(|_| self.next() as u8)
    }
}

/// A number from an environment variable: how much a run that takes longer does.
pub(crate) fn count(variable: &str, default: usize) -> usize {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable} is '{text}', which is no number")),
        Err(_) => default,
    }
}

/// A small decoder with anything that a family has.
pub(crate) fn decoder(random: &mut Random) -> Decoder {
    let head_dim: usize = random.one_of(&[16, 32, 48]);
    let kv_heads: usize = random.one_of(&[1, 2]);
    let heads = kv_heads * random.one_of(&[1, 2, 3]);
    // A row of all heads is a whole number of blocks.
    let heads = if (heads * head_dim).is_multiple_of(32) { heads } else { 2 * heads };
    let layers = random.within(2..=4);
    let mut decoder = DecoderShape {
        vocab_size: random.within(33..=96),
        // One in eight has two leaves in the tree of its residual stream.
        hidden_size: random.one_of(&[32, 32, 64, 64, 64, 96, 96, 256]),
        ffn_size: random.one_of(&[32, 96, 128]),
        layers,
        heads,
        kv_heads,
        head_dim,
        context_length: random.within(64..=300),
    }
    .architecture();
    decoder.activation = random.one_of(&[Activation::Silu, Activation::GeluErf, Activation::GeluTanh]);
    decoder.norm_epsilon = random.one_of(&[1e-5, 1e-6]);
    decoder.qkv_bias = random.once_in(3);
    decoder.attention_output_bias = random.once_in(4);
    decoder.ffn_bias = random.once_in(4);
    decoder.qk_norm = random.once_in(3);
    decoder.post_norms = random.once_in(3);
    decoder.tied_embeddings = random.once_in(2);
    decoder.attention_softcap = random.once_in(4).then_some(20.0);
    decoder.logit_softcap = random.once_in(4).then_some(15.0);
    decoder.embedding_scale = random.once_in(4).then_some(3.5);
    let pairs = random.one_of(&[head_dim / 2, head_dim / 4]);
    let frequencies = |base: f64| -> Vec<f32> {
        (0..pairs).map(|pair| libm::pow(base, -(pair as f64) / pairs as f64) as f32).collect()
    };
    let long =
        random.once_in(4).then(|| LongRotary { inv_freq: frequencies(5e4), original_context: random.within(8..=24) });
    decoder.rotary =
        Rotary { inv_freq: frequencies(1e4), attention_factor: if long.is_some() { 1.19 } else { 1.0 }, long };
    match random.below(3) {
        0 => {
            let window = random.within(1..=20);
            decoder.windows = (0..layers).map(|layer| (layer % 2 == 0).then_some(window)).collect();
            decoder.local_rotary =
                random.once_in(2).then(|| Rotary { inv_freq: frequencies(100.0), long: None, attention_factor: 1.0 });
        }
        1 => decoder.windows = vec![Some(random.one_of(&[127, 128, 129])); layers],
        _ => {}
    }
    decoder
}

/// A decoder, and the seed of its weights.
#[derive(Clone)]
pub(crate) struct Recipe {
    pub decoder: Decoder,
    pub special: SpecialTokens,
    pub seed: u64,
}

impl Recipe {
    pub fn new(random: &mut Random) -> Self {
        let decoder = decoder(random);
        let ends = if random.once_in(2) { 0 } else { random.within(1..=2) };
        let mut eos = random.tokens(ends, decoder.vocab_size);
        eos.sort_unstable();
        eos.dedup();
        Self { decoder, special: SpecialTokens { bos: None, eos }, seed: random.next() }
    }

    pub fn model(&self) -> ExactModel {
        self.changed(&|_, _, _| {})
    }

    /// With rows of matrices changed.
    pub fn changed(&self, change: &(dyn Fn(TensorName, usize, &mut [u8]) + Sync)) -> ExactModel {
        let architecture = Architecture::Decoder(self.decoder.clone());
        let source = changed_model(&architecture, self.special.clone(), self.seed, change).expect("a model");
        ExactModel::synthetic(source)
    }
}

/// A job for a model.
pub(crate) fn job(random: &mut Random, decoder: &Decoder) -> Job {
    let vocab_size = decoder.vocab_size;
    let prompt = random.within(2..=16);
    let sampler = if random.once_in(5) {
        Sampler::GREEDY
    } else {
        Sampler {
            temperature_milli: random.within(400..=1500) as u16,
            min_p_milli: random.one_of(&[0, 20, 100, 300]),
            repetition_penalty_milli: random.one_of(&[1000, 1100, 800]),
            repetition_window: random.one_of(&[0, 8, 64]),
        }
    };
    let stop = (0..random.below(3)).map(|_| {
        let length = random.within(1..=2);
        random.tokens(length, vocab_size)
    });
    let stop = stop.collect();
    Job {
        json_schema: None,
        prompt: random.tokens(prompt, vocab_size),
        max_tokens: random.within(3..=12) as u32,
        sampler,
        seed: random.seed(),
        stop,
    }
}
