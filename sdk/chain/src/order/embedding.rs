//! Embeddings to order.

use super::{input::input, quote::at_quote};
use crate::{
    client::Chain,
    error::{Error, Result},
};
use std::ops::Range;
use strike_primitives::{
    artifact::ArtifactId,
    embedding::encode_texts,
    job::{
        usual_deadline, Embed, JobOrder, JobOrderV1, VerificationClass, WorkSpec, MAX_BLOB_INPUT, MAX_PLAIN_INPUT,
        MAX_TEXTS,
    },
    Balance,
};

/// Tokens that a text may have beyond its bytes: those a tokenizer puts around it.
const TEXT_ALLOWANCE: usize = 4;
/// Units of one job: what a provider takes if it says nothing else.
const JOB_UNITS: usize = 4_096;

/// Embeddings to order in one job, but for what they may cost. Their class is the exact one.
#[derive(Clone, Copy, Debug)]
pub struct Embedding<'a> {
    /// The model, an encoder.
    pub model: ArtifactId,
    /// The texts, of which each gets a vector: no more than [`jobs`] puts into one job.
    pub texts: &'a [String],
    /// Most tokens read of all texts together; by default their bytes and some, and no more than a provider usually takes.
    pub max_input_tokens: Option<u32>,
    /// Blocks from assignment to commitment; by default what is usual for so much work.
    pub deadline: Option<u32>,
}

impl Embedding<'_> {
    /// The input, as the order names it.
    pub fn bytes(&self) -> Vec<u8> {
        encode_texts(self.texts)
    }

    /// The order, with the most that it may cost.
    pub fn order(&self, max_price: Balance) -> Result<JobOrder> {
        let input = input(&self.bytes(), "the list of texts", "TextsTooLong")?;
        let tokens: usize = self.texts.iter().map(|text| allowance(text)).sum();
        // A model cuts off what it does not read of a long text.
        let max_input_tokens = self.max_input_tokens.unwrap_or(tokens.min(JOB_UNITS) as u32);
        let work = WorkSpec::Embed(Embed { input, max_input_tokens });
        let deadline = self.deadline.unwrap_or_else(|| usual_deadline(work.max_units()));
        Ok(JobOrder::V1(JobOrderV1 { work, model: self.model, class: VerificationClass::Exact, max_price, deadline }))
    }

    /// The order, at most for what the cheapest fitting provider asks now.
    pub async fn order_at_quote(&self, chain: &Chain) -> Result<JobOrder> {
        at_quote(chain, |max_price| self.order(max_price)).await
    }
}

/// Tokens that a text may have.
fn allowance(text: &str) -> usize {
    text.len() + TEXT_ALLOWANCE
}

/// The texts of each job: as many as ride in an order, or one that is too long for that. Fails with `TextTooLong`.
pub fn jobs(texts: &[String]) -> Result<Vec<Range<usize>>> {
    let mut jobs: Vec<Range<usize>> = Vec::new();
    let (mut bytes, mut tokens) = (0, 0);
    for (index, text) in texts.iter().enumerate() {
        let (more_bytes, more_tokens) = (encode_texts(&[text]).len(), allowance(text));
        // What one text alone needs is also the most that it adds to others, but for the longer count of many.
        if more_bytes as u64 > MAX_BLOB_INPUT {
            return Err(Error::new(
                "TextTooLong",
                format!("text {} has {} bytes, a job takes {MAX_BLOB_INPUT}", index + 1, text.len()),
            )
            .hint("shorten it, or cut it into several"));
        }
        match jobs.last_mut() {
            Some(job)
                if job.len() < MAX_TEXTS as usize
                    && bytes + more_bytes < MAX_PLAIN_INPUT as usize
                    && tokens + more_tokens <= JOB_UNITS =>
            {
                job.end = index + 1;
                (bytes, tokens) = (bytes + more_bytes, tokens + more_tokens);
            }
            _ => {
                jobs.push(index..index + 1);
                (bytes, tokens) = (more_bytes, more_tokens);
            }
        }
    }
    Ok(jobs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use strike_primitives::{artifact::ArtifactKind, H256};

    #[test]
    fn texts_are_spread_over_jobs_that_fit() {
        let texts: Vec<String> = (0..700).map(|index| "x".repeat(index % 50)).chain(["y".repeat(4_000)]).collect();
        let found = jobs(&texts).unwrap();
        assert_eq!((found[0].start, found.last().unwrap().end), (0, texts.len()));
        assert!(found.windows(2).all(|pair| pair[0].end == pair[1].start));
        assert!(found.len() < 20, "{found:?}");
        for range in found {
            let model = ArtifactId { kind: ArtifactKind::Bundle, root: H256([7; 32]) };
            let embedding = Embedding { model, texts: &texts[range], max_input_tokens: None, deadline: None };
            let JobOrder::V1(order) = embedding.order(1).unwrap();
            assert!(order.work.max_units() <= JOB_UNITS as u64);
        }
        let short = vec![String::new(); 600];
        assert_eq!(jobs(&short).unwrap(), [0..256, 256..512, 512..600]);
        assert_eq!(jobs(&["ok".into(), "z".repeat(4_096), "ok".into()]).unwrap(), [0..1, 1..2, 2..3]);
        assert_eq!(jobs(&["ok".into(), "z".repeat(1 << 20)]).unwrap_err().name, "TextTooLong");
    }
}
