//! A text to order.

use super::{fit::largest, input::input, quote::at_quote};
use crate::{client::Chain, error::Result};
use strike_primitives::{
    artifact::ArtifactId,
    job::{usual_deadline, Generate, JobOrder, JobOrderV1, Sampler, VerificationClass, WorkSpec, MAX_TOKENS},
    Balance, Units,
};

/// Tokens that a prompt may have beyond its bytes: the start token, and what a template adds.
const INPUT_ALLOWANCE: u32 = 16;

/// A generation to order, but for what it may cost.
#[derive(Clone, Debug)]
pub struct Generation {
    /// The model.
    pub model: ArtifactId,
    /// The prompt.
    pub prompt: String,
    /// Most tokens of the prompt; by default its bytes and some, and no more than a job may have, or than leaves it within what the
    /// largest ask takes ([`Generation::within_asks`]).
    pub max_input_tokens: Option<u32>,
    /// Most tokens to generate.
    pub max_output_tokens: u32,
    /// How tokens are drawn.
    pub sampler: Sampler,
    /// How the result is verified.
    pub class: VerificationClass,
    /// Blocks from assignment to commitment; by default what is usual for so much work.
    pub deadline: Option<u32>,
}

impl Generation {
    /// The order, with the most that it may cost.
    pub fn order(&self, max_price: Balance) -> Result<JobOrder> {
        let input = input(self.prompt.as_bytes(), "the prompt", "PromptTooLong")?;
        let work = Generate {
            input,
            max_input_tokens: self.max_input_tokens.unwrap_or(self.allowance()),
            sampler: self.sampler,
            max_output_tokens: self.max_output_tokens,
            stop: Default::default(),
        };
        let work = WorkSpec::Generate(work);
        let deadline = self.deadline.unwrap_or_else(|| usual_deadline(work.max_units()));
        Ok(JobOrder::V1(JobOrderV1 { work, model: self.model, class: self.class, max_price, deadline }))
    }

    /// The order, at most for what the cheapest fitting provider asks now.
    pub async fn order_at_quote(&self, chain: &Chain) -> Result<JobOrder> {
        let within = self.within_asks(chain).await?;
        at_quote(chain, |max_price| within.order(max_price)).await
    }

    /// The same, with a limit for its prompt that the largest ask for the model takes, if nobody set one. Tokens
    /// are counted by bytes before the prompt is read, and have several of them each as a rule: a prompt with more bytes than an ask takes
    /// units mostly fits it.
    pub async fn within_asks(&self, chain: &Chain) -> Result<Self> {
        let asks = chain.asks(&self.model).await?;
        let limit = largest(&asks, self.class).and_then(|units| self.limit_within(units));
        if let Some(limit) = limit {
            chain.progress().tell(format!(
                "the prompt has {} bytes; it may have {limit} tokens, as the largest ask takes no more. If it has more, the job ends \
                 without a text and at no fee",
                self.prompt.len()
            ));
        }
        Ok(Self { max_input_tokens: limit.or(self.max_input_tokens), ..self.clone() })
    }

    /// The limit for the prompt that leaves the order within so many units; `None` if it is within them already, has a limit of its
    /// own, or leaves no room.
    fn limit_within(&self, units: Units) -> Option<u32> {
        let left = units.checked_sub(self.max_output_tokens.into()).filter(|left| *left > 0)?;
        let is_over = self.max_input_tokens.is_none() && Units::from(self.allowance()) > left;
        is_over.then(|| u32::try_from(left).unwrap_or(u32::MAX))
    }

    /// Tokens that the prompt has at most, by its bytes.
    fn allowance(&self) -> u32 {
        u32::try_from(self.prompt.len()).unwrap_or(MAX_TOKENS).saturating_add(INPUT_ALLOWANCE).min(MAX_TOKENS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strike_primitives::{artifact::ArtifactKind, job::Input, H256};

    fn generation(prompt: &str) -> Generation {
        Generation {
            model: ArtifactId { kind: ArtifactKind::Bundle, root: H256([7; 32]) },
            prompt: prompt.into(),
            max_input_tokens: None,
            max_output_tokens: 64,
            sampler: Sampler::GREEDY,
            class: VerificationClass::Statistical,
            deadline: None,
        }
    }

    fn order() -> JobOrder {
        generation("Once upon a time").order(5).unwrap()
    }

    #[test]
    fn orders_leave_room_for_the_prompt() {
        let JobOrder::V1(order) = order();
        assert_eq!(order.work.max_units(), 16 + 16 + 64);
        assert_eq!(order.max_price, 5);
    }

    #[test]
    fn a_long_prompt_is_limited_to_what_the_largest_ask_takes() {
        let limited = |bytes: usize, units| generation(&"a".repeat(bytes)).limit_within(units);
        // With 64 tokens to write and 16 for what surrounds the prompt, an ask of 4,096 units takes one of 4,016 bytes as it is.
        assert_eq!((limited(4_016, 4_096), limited(4_017, 4_096)), (None, Some(4_032)));
        let order = Generation { max_input_tokens: limited(4_017, 4_096), ..generation(&"a".repeat(4_017)) };
        let JobOrder::V1(order) = order.order(5).unwrap();
        assert_eq!(order.work.max_units(), 4_096);
        assert_eq!(
            (limited(9_000, 64), limited(9_000, 65)),
            (None, Some(1)),
            "an ask that takes no prompt beside the text"
        );
        let own = Generation { max_input_tokens: Some(9_000), ..generation(&"a".repeat(9_000)) };
        assert_eq!(own.limit_within(4_096), None, "who sets a limit keeps it");
    }

    #[test]
    fn long_prompts_are_ordered_by_their_root_up_to_a_limit() {
        let order = |bytes: usize| generation(&"a".repeat(bytes)).order(1);
        let work = |bytes| {
            let JobOrder::V1(order) = order(bytes).unwrap();
            order.work
        };
        assert!(matches!(work(4_096).input(), Input::Plain(_)));
        assert!(matches!(work(4_097).input(), Input::Blob { length: 4_097, .. }));
        assert_eq!(work(100_000).max_input_tokens(), 100_016);
        assert_eq!(work(1 << 20).max_input_tokens(), MAX_TOKENS);
        assert_eq!(order((1 << 20) + 1).unwrap_err().name, "PromptTooLong");
    }
}
