//! `strike job embed`.

use super::report::{failure, not_had, not_here, not_known};
use crate::{
    args::{EmbedArgs, TextArgs},
    commands::{
        context::{transaction_view, Context},
        model,
    },
    error::{Error, Result},
    output::{self, progress},
    present::text::Narrator,
};
use std::fs;
use strike_chain::{amounts, calls, follow, keys, order, Chain, Embedding};
use strike_primitives::JobId;

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
    let jobs = order::jobs(&texts)?;
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
        let job_order = match args.max_price {
            Some(price) => embedding.order(price)?,
            None => embedding.order_at_quote(&chain).await?,
        };
        order::leave(&chain, &job_order, &embedding.bytes()).await?;
        let (submission, inclusion) = chain.submit(&calls::submit_job(&job_order), &signer).await?;
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
        let info = follow(&chain, job, Some(submission), |update| {
            progress(format!("job {job}: {}", narrator.line(update)));
        })
        .await
        .map_err(|error| with_rest(not_known(job, error), rest))?;
        if let Some(failure) = failure(&info) {
            return Err(with_rest(failure, rest));
        }
        if let Some(receipt) = &info.receipt {
            progress(format!("job {job}: paid {} for {} units", amounts::amount(receipt.fee), receipt.units));
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
