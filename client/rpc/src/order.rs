//! Orders as JSON or SCALE.

use crate::{error::Error, views::parse_artifact};
use codec::DecodeAll;
use serde::{de, Deserialize, Deserializer};
use serde_json::Value;
use strike_primitives::{
    amount,
    artifact::ArtifactId,
    embedding::encode_texts,
    job::{
        usual_deadline, Embed, Generate, Input, JobOrder, JobOrderV1, Sampler, VerificationClass, WorkSpec,
        MAX_PLAIN_INPUT, MAX_TEXTS,
    },
    Balance, BlockNumber,
};

/// An order to quote: the SCALE encoding of a `JobOrder` in hex, or an object.
pub(crate) fn parse_order(value: Value) -> Result<JobOrder, Error> {
    let invalid = |what: String| Error::InvalidParameter(format!("order: {}", cut(what)));
    match value {
        Value::String(text) => {
            let bytes = text
                .strip_prefix("0x")
                .and_then(|digits| hex::decode(digits).ok())
                .ok_or_else(|| invalid("expected an object or 0x and hex digits".into()))?;
            JobOrder::decode_all(&mut &bytes[..]).map_err(|error| invalid(format!("not a SCALE JobOrder: {error}")))
        }
        // `texts` alone tells the two apart, so that a misspelt field is named by the kind of work that was meant.
        value if value.get("texts").is_some() => serde_json::from_value::<EmbedOrder>(value)
            .map_err(|error| invalid(error.to_string()))?
            .into_order()
            .map_err(invalid),
        value => serde_json::from_value::<GenerateOrder>(value)
            .map_err(|error| invalid(error.to_string()))?
            .into_order()
            .map_err(invalid),
    }
}

/// What serde says may repeat what it was given.
fn cut(mut what: String) -> String {
    if let Some((end, _)) = what.char_indices().nth(400) {
        what.truncate(end);
        what.push('…');
    }
    what
}

/// An order to generate text, as the RPC takes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GenerateOrder {
    prompt: String,
    #[serde(deserialize_with = "artifact")]
    model: ArtifactId,
    #[serde(default = "exact")]
    class: VerificationClass,
    max_input_tokens: u32,
    max_output_tokens: u32,
    #[serde(default = "greedy")]
    sampler: Sampler,
    #[serde(default)]
    stop: Vec<Vec<u32>>,
    #[serde(default = "any_price", deserialize_with = "max_price")]
    max_price: Balance,
    deadline: Option<BlockNumber>,
}

fn exact() -> VerificationClass {
    VerificationClass::Exact
}

fn greedy() -> Sampler {
    Sampler::GREEDY
}

fn any_price() -> Balance {
    Balance::MAX
}

fn max_price<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Balance, D::Error> {
    amount::field("max_price", deserializer)
}

fn artifact<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ArtifactId, D::Error> {
    parse_artifact(&Value::deserialize(deserializer)?).map_err(de::Error::custom)
}

impl GenerateOrder {
    fn into_order(self) -> Result<JobOrder, String> {
        let input = self
            .prompt
            .into_bytes()
            .try_into()
            .map_err(|_| format!("the prompt is longer than {MAX_PLAIN_INPUT} bytes"))?;
        let stop: Result<Vec<_>, _> = self.stop.into_iter().map(TryInto::try_into).collect();
        let stop = stop.map_err(|_| "a stop sequence has too many tokens")?;
        let stop = stop.try_into().map_err(|_| "there are too many stop sequences")?;
        let work = WorkSpec::Generate(Generate {
            input: Input::Plain(input),
            sampler: self.sampler,
            max_input_tokens: self.max_input_tokens,
            max_output_tokens: self.max_output_tokens,
            stop,
        });
        let deadline = self.deadline.unwrap_or_else(|| usual_deadline(work.max_units()));
        let (model, class, max_price) = (self.model, self.class, self.max_price);
        Ok(JobOrder::V1(JobOrderV1 { work, model, class, max_price, deadline }))
    }
}

/// An order to embed texts, as the RPC takes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EmbedOrder {
    texts: Vec<String>,
    #[serde(deserialize_with = "artifact")]
    model: ArtifactId,
    max_input_tokens: u32,
    #[serde(default = "any_price", deserialize_with = "max_price")]
    max_price: Balance,
    deadline: Option<BlockNumber>,
}

impl EmbedOrder {
    fn into_order(self) -> Result<JobOrder, String> {
        if !(1..=MAX_TEXTS as usize).contains(&self.texts.len()) {
            return Err(format!("{} texts, a job takes 1 to {MAX_TEXTS}", self.texts.len()));
        }
        let input = encode_texts(&self.texts)
            .try_into()
            .map_err(|_| format!("the texts together are longer than {MAX_PLAIN_INPUT} bytes"))?;
        let work = WorkSpec::Embed(Embed { input: Input::Plain(input), max_input_tokens: self.max_input_tokens });
        let deadline = self.deadline.unwrap_or_else(|| usual_deadline(work.max_units()));
        let (model, class, max_price) = (self.model, VerificationClass::Exact, self.max_price);
        Ok(JobOrder::V1(JobOrderV1 { work, model, class, max_price, deadline }))
    }
}
