//! `strike job …`: order work and see what became of it.

mod embed;
mod parts;
mod placed;
mod report;

pub(crate) use report::{not_had, not_known};

use super::{
    context::{submit_and_report, Context},
    model,
    prompt::{prompt, sampler},
};
use crate::{
    args::{GenerateArgs, JobCommand},
    error::Result,
    output::{self, progress},
    present::{
        json::{JobListView, JobView},
        text::{self, Narrator},
        words,
    },
};
use placed::{place, Placed};
use report::not_here;
use strike_chain::{amounts, calls, follow, follow::not_found, keys, order, Generation};
use strike_primitives::{
    api::{JobInfo, JobStatus},
    JobId,
};

/// Runs a command of the group.
pub async fn run(context: &Context, command: JobCommand) -> Result<()> {
    match command {
        JobCommand::Generate(args) => generate(context, *args).await,
        JobCommand::Embed(args) => embed::run(context, *args).await,
        JobCommand::Show { job } => show(context, job).await,
        JobCommand::List { requester, limit, before } => {
            let requester = requester.as_deref().map(keys::account).transpose()?;
            let page = context.chain().await?.jobs_before(requester, before, limit).await?;
            if context.json {
                let jobs = page.jobs.iter().map(JobView::from).collect();
                return output::json(&JobListView { jobs, next: page.next });
            }
            output::line(list(&page.jobs));
            if let Some(next) = page.next {
                output::line(format!("there are older ones: --before {next} lists them"));
            }
            Ok(())
        }
        JobCommand::Cancel { job, key } => {
            let chain = context.chain().await?;
            let signer = keys::signer(key.key.as_deref(), &chain).await?;
            submit_and_report(context, &chain, &calls::cancel_job(job), &signer, &format!("cancelled job {job}")).await
        }
        JobCommand::Forget { job, key } => {
            let chain = context.chain().await?;
            let signer = keys::signer(key.key.as_deref(), &chain).await?;
            submit_and_report(context, &chain, &calls::forget_job(job), &signer, &format!("forgot job {job}")).await
        }
        JobCommand::Output { job } => {
            let chain = context.chain().await?;
            let output = chain.output(job).await?.ok_or_else(|| not_here(job))?;
            match (output.vectors, output.text) {
                (Some(vectors), _) if context.json => output::json(&VectorsView { job, vectors }),
                (Some(vectors), _) => {
                    vectors.iter().for_each(|vector| output::line(embed::numbers(vector)));
                    Ok(())
                }
                (None, Some(output)) if context.json => output::json(&OutputView { job, output }),
                (None, Some(text)) => {
                    output::line(text);
                    Ok(())
                }
                (None, None) => Err(not_here(job)),
            }
        }
    }
}

/// A text as JSON.
#[derive(serde::Serialize)]
struct OutputView {
    job: JobId,
    output: String,
}

/// Vectors as JSON.
#[derive(serde::Serialize)]
struct VectorsView {
    job: JobId,
    vectors: Vec<Vec<f32>>,
}

async fn show(context: &Context, job: JobId) -> Result<()> {
    let chain = context.chain().await?;
    let info = chain.job(job, None).await?.ok_or_else(|| not_found(job))?;
    if context.json {
        return output::json(&JobView::from(&info));
    }
    output::line(text::job(&info));
    Ok(())
}

fn list(jobs: &[JobInfo]) -> String {
    if jobs.is_empty() {
        return "no jobs are kept".into();
    }
    let mut rows = vec![["JOB", "STATUS", "SUBMITTED", "REQUESTER", "PROVIDER", "FEE"].map(String::from).to_vec()];
    rows.extend(jobs.iter().map(|info| {
        let (status, provider) = match &info.status {
            JobStatus::Pending { .. } => ("pending", None),
            JobStatus::Assigned { provider, .. } => ("assigned", Some(provider)),
            JobStatus::Committed { provider, .. } => ("committed", Some(provider)),
            JobStatus::Judged { provider } => ("judged", Some(provider)),
            JobStatus::Closed { reason } => {
                (words::reason(*reason), info.receipt.as_ref().and_then(|receipt| receipt.provider.as_ref()))
            }
        };
        vec![
            info.job.to_string(),
            status.into(),
            format!("block {}", info.submitted_at),
            keys::shown_short(&info.requester),
            provider.map(keys::shown_short).unwrap_or_default(),
            info.receipt.as_ref().map(|receipt| amounts::amount(receipt.fee)).unwrap_or_default(),
        ]
    }));
    output::table(&rows)
}

async fn generate(context: &Context, args: GenerateArgs) -> Result<()> {
    let prompt = prompt(&args.prompt)?;
    let sampler = sampler(&args.sampler)?;
    let chain = context.chain().await?;
    let signer = keys::signer(args.key.key.as_deref(), &chain).await?;
    let generation = Generation {
        model: model::resolve(&chain, &args.model).await?,
        prompt,
        max_input_tokens: args.max_input_tokens,
        max_output_tokens: args.max_tokens,
        sampler,
        class: args.class.into(),
        deadline: args.deadline,
    };
    let job_order = match args.max_price {
        Some(price) => generation.within_asks(&chain).await?.order(price)?,
        None => generation.order_at_quote(&chain).await?,
    };
    order::tell_costs(&chain, &job_order).await?;
    order::leave(&chain, &job_order, generation.prompt.as_bytes()).await?;
    let Placed { job, sent, submission } = place(context, &chain, &job_order, &signer, None).await?;
    if !args.wait {
        if !context.json {
            output::line(format!("job {job}"));
        }
        return Ok(());
    }

    let mut narrator = Narrator::default();
    let info = follow(&chain, job, Some(submission), |update| {
        progress(narrator.line(update));
    })
    .await
    .map_err(|error| not_known(job, &sent, error))?;
    report::print(context, &chain, &info).await
}
