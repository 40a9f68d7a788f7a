//! `strike job embed`.

use super::{
    at_quote, input, not_here,
    report::{failure, not_had, not_known},
};
use crate::{
    args::{EmbedArgs, TextArgs},
    chain::{calls, Chain},
    commands::{model, transaction_view, Context},
    error::{Error, Result},
    keys,
    narrate::Narrator,
    output::{self, progress},
};
use std::{fs, ops::Range};
use strike_primitives::{
    artifact::ArtifactId,
    embedding::encode_texts,
    job::{
        usual_deadline, Embed, JobOrder, JobOrderV1, VerificationClass, WorkSpec, MAX_BLOB_INPUT, MAX_PLAIN_INPUT,
        MAX_TEXTS,
    },
    Balance, JobId,
};

/// Tokens that a text may have beyond its bytes: those a tokenizer puts around it.
const TEXT_ALLOWANCE: usize = 4;
/// Units of one job: what a provider takes if it says nothing else.
const JOB_UNITS: usize = 4_096;

/// An embedding to order, but for what it may cost.
struct Embedding<'a> {
    model: ArtifactId,
    texts: &'a [String],
    max_input_tokens: Option<u32>,
    deadline: Option<u32>,
}

impl Embedding<'_> {
    /// The input.
    fn bytes(&self) -> Vec<u8> {
        encode_texts(self.texts)
    }

    fn order(&self, max_price: Balance) -> Result<JobOrder> {
        let input = input::input(&self.bytes(), "the list of texts", "TextsTooLong")?;
        let tokens: usize = self.texts.iter().map(|text| allowance(text)).sum();
        // A model cuts off what it does not read of a long text.
        let max_input_tokens = self.max_input_tokens.unwrap_or(tokens.min(JOB_UNITS) as u32);
        let work = WorkSpec::Embed(Embed { input, max_input_tokens });
        let deadline = self.deadline.unwrap_or_else(|| usual_deadline(work.max_units()));
        Ok(JobOrder::V1(JobOrderV1 { work, model: self.model, class: VerificationClass::Exact, max_price, deadline }))
    }
}

/// Tokens that a text may have.
fn allowance(text: &str) -> usize {
    text.len() + TEXT_ALLOWANCE
}

/// The texts, from the command line or a file.
fn texts(args: &TextArgs) -> Result<Vec<String>> {
    let texts = match &args.file {
        Some(path) => fs::read_to_string(path)
            .map_err(|error| {
                Error::new("TextsNotReadable", format!("{}: {error}", path.display()))
                    .hint("the file should hold UTF-8 text, one text a line")
            })?
            .lines()
            .map(str::to_owned)
            .collect(),
        None => args.text.clone(),
    };
    if texts.is_empty() {
        return Err(Error::new("NoTexts", "there is nothing to embed").hint("every line of --file is one text"));
    }
    Ok(texts)
}

/// The texts of each job: as many as ride in an order, or one that is too long for that.
fn jobs(texts: &[String]) -> Result<Vec<Range<usize>>> {
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

/// A vector in words: its numbers with spaces between.
pub(super) fn numbers(vector: &[f32]) -> String {
    vector.iter().map(f32::to_string).collect::<Vec<_>>().join(" ")
}

pub(super) async fn run(context: &Context, args: EmbedArgs) -> Result<()> {
    if args.model == model::BUILTIN {
        return Err(Error::new("WrongModel", "the built-in model generates and does not embed")
            .hint("name an encoder: 'strike model list' shows the registered models"));
    }
    let texts = texts(&args.texts)?;
    let jobs = jobs(&texts)?;
    let chain = context.chain().await?;
    let signer = keys::signer(args.key.key.as_deref(), &chain).await?;
    let model = model::resolve(&chain, &args.model).await?;
    if model == model::builtin() {
        return Err(Error::new("WrongModel", "this is the built-in model, which generates and does not embed"));
    }
    let mut submitted = Vec::with_capacity(jobs.len());
    for range in jobs {
        let embedding = Embedding {
            model,
            texts: &texts[range.clone()],
            max_input_tokens: args.max_input_tokens,
            deadline: args.deadline,
        };
        let order = match args.max_price {
            Some(price) => embedding.order(price)?,
            None => at_quote(&chain, |price| embedding.order(price)).await?,
        };
        input::leave(&chain, &order, &embedding.bytes()).await?;
        let (submission, inclusion) = chain.submit(&calls::submit_job(&order), &signer).await?;
        let job = inclusion.job()?;
        let (first, last) = (range.start + 1, range.end);
        progress(format!("block {}: submitted as job {job}: texts {first} to {last}", inclusion.number));
        if args.wait {
            submitted.push((job, range.len(), submission));
        } else if context.json {
            let mut view = transaction_view(&submission, &inclusion);
            view.job = Some(job);
            output::json(&view)?;
        } else {
            output::line(format!("job {job}: texts {first} to {last}"));
        }
    }
    let ordered: Vec<JobId> = submitted.iter().map(|(job, ..)| *job).collect();
    for (index, (job, texts, submission)) in submitted.into_iter().enumerate() {
        let rest = &ordered[index..];
        let mut narrator = Narrator::default();
        let info = crate::chain::follow(&chain, job, Some(submission), |update| {
            progress(format!("job {job}: {}", narrator.line(update)));
        })
        .await
        .map_err(|error| with_rest(not_known(job, error), rest))?;
        if let Some(failure) = failure(&info) {
            return Err(with_rest(failure, rest));
        }
        if let Some(receipt) = &info.receipt {
            progress(format!("job {job}: paid {} for {} units", output::amount(receipt.fee), receipt.units));
        }
        let vectors = vectors(&chain, job, texts).await;
        print(context, vectors.map_err(|error| with_rest(not_had(job, "result", error), rest))?)?;
    }
    Ok(())
}

/// A failure that leaves the results of other jobs unread, which are ordered too.
fn with_rest(error: Error, rest: &[JobId]) -> Error {
    let [_, more @ ..] = rest else { return error };
    if more.is_empty() {
        return error;
    }
    let more: Vec<String> = more.iter().map(JobId::to_string).collect();
    let more = format!("'strike job output' has the results of jobs ordered with it: {}", more.join(", "));
    let hint = error.hint.as_ref().map_or(more.clone(), |hint| format!("{hint}; {more}"));
    error.hint(hint)
}

async fn vectors(chain: &Chain, job: u64, texts: usize) -> Result<Vec<Vec<f32>>> {
    let output = chain.output(job).await?.ok_or_else(|| not_here(job))?;
    output.vectors.filter(|vectors| vectors.len() == texts).ok_or_else(|| not_here(job))
}

fn print(context: &Context, vectors: Vec<Vec<f32>>) -> Result<()> {
    for vector in vectors {
        match context.json {
            true => output::json(&vector)?,
            false => output::line(numbers(&vector)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ORDERED;
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

    #[test]
    fn a_result_that_cannot_be_had_names_the_jobs_that_are_ordered_too() {
        let gone = || not_had(7, "result", Error::new("FetchUnfinished", "too slow"));
        let hint = |rest: &[JobId]| with_rest(gone(), rest).hint.unwrap();
        assert!(hint(&[7, 8, 9]).ends_with("jobs ordered with it: 8, 9"), "{}", hint(&[7, 8, 9]));
        assert_eq!(hint(&[7]), gone().hint.unwrap());
        assert_eq!(with_rest(gone(), &[7, 8]).exit_code, ORDERED);
        let refused = with_rest(Error::new("ResultInvalid", "job 7 got results that were found invalid"), &[7, 8]);
        assert!(refused.hint.unwrap().ends_with("jobs ordered with it: 8"));
    }

    #[test]
    fn texts_come_from_lines_or_the_command_line() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let args = |text: &[&str], file| TextArgs { text: text.iter().map(|text| (*text).into()).collect(), file };
        assert_eq!(texts(&args(&["a\nb", ""], None)).unwrap(), ["a\nb", ""]);
        assert_eq!(texts(&args(&[], Some(file.path().into()))).unwrap_err().name, "NoTexts");
        fs::write(file.path(), "one\n\nthree\r\n").unwrap();
        assert_eq!(texts(&args(&[], Some(file.path().into()))).unwrap(), ["one", "", "three"]);
        fs::write(file.path(), [0xff]).unwrap();
        assert_eq!(texts(&args(&[], Some(file.path().into()))).unwrap_err().name, "TextsNotReadable");
    }
}
