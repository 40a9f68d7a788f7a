//! Work as JSON.

use serde::Serialize;
use strike_primitives::{
    embedding::decode_texts,
    job::{Input, Sampler, WorkSpec},
};

/// What is ordered.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum WorkView {
    /// Generate text.
    Generate {
        /// The prompt, if it is on chain.
        prompt: Option<String>,
        /// How tokens are drawn.
        sampler: Sampler,
        /// Most tokens of the prompt.
        max_input_tokens: u32,
        /// Most tokens to generate.
        max_output_tokens: u32,
        /// Sequences of token ids that end the output.
        stop: Vec<Vec<u32>>,
    },
    /// Embed texts.
    Embed {
        /// The texts, if they are on chain and are such.
        texts: Option<Vec<String>>,
        /// Most tokens read of all texts together.
        max_input_tokens: u32,
    },
}

impl From<&WorkSpec> for WorkView {
    fn from(work: &WorkSpec) -> Self {
        let plain = match work.input() {
            Input::Plain(bytes) => Some(bytes),
            Input::Blob { .. } | Input::Encrypted { .. } => None,
        };
        match work {
            WorkSpec::Generate(work) => Self::Generate {
                prompt: plain.map(|bytes| String::from_utf8_lossy(bytes).into_owned()),
                sampler: work.sampler,
                max_input_tokens: work.max_input_tokens,
                max_output_tokens: work.max_output_tokens,
                stop: work.stop.iter().map(|sequence| sequence.to_vec()).collect(),
            },
            WorkSpec::Embed(work) => Self::Embed {
                texts: plain.and_then(|bytes| decode_texts(bytes)),
                max_input_tokens: work.max_input_tokens,
            },
        }
    }
}
