//! A text to order.

use super::{input::input, quote::at_quote};
use crate::{client::Chain, error::Result};
use strike_primitives::{
    artifact::ArtifactId,
    job::{usual_deadline, Generate, JobOrder, JobOrderV1, Sampler, VerificationClass, WorkSpec, MAX_TOKENS},
    Balance,
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
    /// Most tokens of the prompt; by default its bytes and some, and no more than a job may have.
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
        let allowance = u32::try_from(self.prompt.len()).unwrap_or(MAX_TOKENS).saturating_add(INPUT_ALLOWANCE);
        let work = Generate {
            input,
            max_input_tokens: self.max_input_tokens.unwrap_or(allowance.min(MAX_TOKENS)),
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
        at_quote(chain, |max_price| self.order(max_price)).await
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
