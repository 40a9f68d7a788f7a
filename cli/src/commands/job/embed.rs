//! `strike job embed`: vectors for texts, one job or several.
//!
//! Whatever happens after the first order, what is ordered is followed and printed, and the failure says what of it is left to do.

use super::{
    parts::{conclusion, Part},
    placed::{named, place, view_of, Placed},
    report::{failure, not_had, not_here, not_known},
};
use crate::{
    args::{EmbedArgs, TextArgs},
    commands::{context::Context, model},
    error::{Error, Result},
    output::{self, progress},
    present::{
        json::{ErrorView, TextsView},
        text::Narrator,
    },
};
use serde::Serialize;
use sp_core::sr25519;
use std::{fs, ops::Range};
use strike_chain::{amounts, follow, keys, order, Chain, Embedding};
use strike_primitives::{artifact::ArtifactId, JobId};

/// The vector of a text as JSON.
#[derive(Serialize)]
struct VectorView<'a> {
    job: JobId,
    /// Which text, counted from 1.
    text: usize,
    vector: &'a [f32],
}

/// A job without vectors as JSON.
#[derive(Serialize)]
struct FailedView {
    job: JobId,
    texts: TextsView,
    error: ErrorView,
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
    let mut placed = Vec::with_capacity(jobs.len());
    let mut left = texts.len()..texts.len();
    let mut parts = Vec::with_capacity(jobs.len());
    for range in jobs {
        match one(context, &chain, &args, model, &texts, &range, &signer).await {
            Ok(order) => {
                if !args.wait && !context.json {
                    output::line(format!("job {}: {}", order.job, named(&range)));
                }
                placed.push((range, order));
            }
            Err(error) => {
                left = range.end..texts.len();
                parts.push(Part { texts: range, job: None, failure: Some(error) });
                break;
            }
        }
    }
    let ordered = match args.wait {
        true => results(context, &chain, placed).await?,
        false => placed.into_iter().map(|(texts, order)| Part { texts, job: Some(order.job), failure: None }).collect(),
    };
    conclusion(ordered.into_iter().chain(parts).collect(), left)
}

/// Orders the vectors of some of the texts.
async fn one(
    context: &Context,
    chain: &Chain,
    args: &EmbedArgs,
    model: ArtifactId,
    texts: &[String],
    range: &Range<usize>,
    signer: &sr25519::Pair,
) -> Result<Placed> {
    let embedding = Embedding {
        model,
        texts: &texts[range.clone()],
        max_input_tokens: args.max_input_tokens,
        deadline: args.deadline,
    };
    let job_order = match args.max_price {
        Some(price) => embedding.order(price)?,
        None => embedding.order_at_quote(chain).await?,
    };
    order::tell_costs(chain, &job_order).await?;
    order::leave(chain, &job_order, &embedding.bytes()).await?;
    place(context, chain, &job_order, signer, Some(range)).await
}

/// Follows the jobs one after the other and prints what they gave.
async fn results(context: &Context, chain: &Chain, placed: Vec<(Range<usize>, Placed)>) -> Result<Vec<Part>> {
    let mut parts = Vec::with_capacity(placed.len());
    // Why nothing more can be learned: every further job would be waited for in vain, and for long.
    let mut gone: Option<strike_chain::Error> = None;
    for (texts, order) in placed {
        let job = order.job;
        let result = match &gone {
            Some(error) => Err(not_known(job, &order.sent, error.clone())),
            None => {
                let result = result(chain, order, texts.len()).await;
                if result.is_err() {
                    gone = chain.answers().await.err();
                }
                result
            }
        };
        print(context, job, &texts, &result)?;
        parts.push(Part { texts, job: Some(job), failure: result.err() });
    }
    Ok(parts)
}

/// Follows one job to its end; its vectors, as many as there are texts.
async fn result(chain: &Chain, order: Placed, texts: usize) -> Result<Vec<Vec<f32>>> {
    let Placed { job, sent, submission } = order;
    let mut narrator = Narrator::default();
    let followed = follow(chain, job, Some(submission), |update| {
        progress(format!("job {job}: {}", narrator.line(update)));
    });
    let info = followed.await.map_err(|error| not_known(job, &sent, error))?;
    if let Some(failure) = failure(&info) {
        return Err(failure);
    }
    if let Some(receipt) = &info.receipt {
        progress(format!("job {job}: paid {} for {} units", amounts::amount(receipt.fee), receipt.units));
    }
    // A fork may have given it another id.
    let job = info.job;
    vectors(chain, job, texts).await.map_err(|error| not_had(job, "result", error))
}

async fn vectors(chain: &Chain, job: JobId, texts: usize) -> Result<Vec<Vec<f32>>> {
    let output = chain.output(job).await?.ok_or_else(|| not_here(job))?;
    output.vectors.filter(|vectors| vectors.len() == texts).ok_or_else(|| not_here(job))
}

/// Prints a job's vectors, or its failure. Without `--json` every text has its line, which is empty where there is no vector.
fn print(context: &Context, job: JobId, texts: &Range<usize>, result: &Result<Vec<Vec<f32>>>) -> Result<()> {
    match result {
        Ok(vectors) => {
            for (text, vector) in (texts.start.saturating_add(1)..).zip(vectors) {
                match context.json {
                    true => output::json(&VectorView { job, text, vector })?,
                    false => output::line(numbers(vector)),
                }
            }
        }
        Err(error) if context.json => {
            output::json(&FailedView { job, texts: view_of(texts), error: error.into() })?;
        }
        Err(error) => {
            progress(format!("job {job}: {error}"));
            texts.clone().for_each(|_| output::line(""));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

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
