//! `strike job …`: order work and see what became of it.

mod embed;
mod input;
mod report;

use super::{model, submit_and_report, transaction_view, Context};
use crate::{
    args::{GenerateArgs, JobCommand, PromptArgs, SamplerArgs},
    chain::{calls, follow::not_found, Chain},
    error::{Error, Result},
    keys,
    narrate::{self, Narrator},
    output::{self, progress},
    views::{self, JobView},
};
use strike_primitives::{
    api::{AskInfo, JobInfo, JobStatus, ProviderInfo},
    artifact::ArtifactId,
    job::{fee, usual_deadline, Generate, JobOrder, JobOrderV1, Sampler, VerificationClass, WorkSpec, MAX_TOKENS},
    receipt::CloseReason,
    Balance, BlockNumber, JobId, Units,
};

/// Tokens that a prompt may have beyond its bytes: the start token, and what a template adds.
const INPUT_ALLOWANCE: u32 = 16;

/// Runs a command of the group.
pub async fn run(context: &Context, command: JobCommand) -> Result<()> {
    match command {
        JobCommand::Generate(args) => generate(context, *args).await,
        JobCommand::Embed(args) => embed::run(context, *args).await,
        JobCommand::Show { job } => show(context, job).await,
        JobCommand::List { requester, limit } => {
            let requester = requester.as_deref().map(keys::account).transpose()?;
            let jobs = context.chain().await?.jobs(requester, limit).await?;
            if context.json {
                return output::json(&jobs.iter().map(JobView::from).collect::<Vec<_>>());
            }
            output::line(list(&jobs));
            Ok(())
        }
        JobCommand::Cancel { job, key } => {
            let chain = context.chain().await?;
            let signer = keys::signer(key.key.as_deref(), &chain).await?;
            submit_and_report(context, &chain, &calls::cancel_job(job), &signer, &format!("cancelled job {job}")).await
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

fn not_here(job: JobId) -> Error {
    Error::new("OutputNotHere", format!("neither this node nor a peer that it reaches has the output of job {job}"))
        .hint("try again later, or ask a validator or the job's provider: --url")
}

async fn show(context: &Context, job: JobId) -> Result<()> {
    let chain = context.chain().await?;
    let info = chain.job(job, None).await?.ok_or_else(|| not_found(job))?;
    if context.json {
        return output::json(&JobView::from(&info));
    }
    output::line(narrate::job(&info));
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
                (views::reason(*reason), info.receipt.as_ref().and_then(|receipt| receipt.provider.as_ref()))
            }
        };
        vec![
            info.job.to_string(),
            status.into(),
            format!("block {}", info.submitted_at),
            output::short_account(&info.requester),
            provider.map(output::short_account).unwrap_or_default(),
            info.receipt.as_ref().map(|receipt| output::amount(receipt.fee)).unwrap_or_default(),
        ]
    }));
    output::table(&rows)
}

/// The prompt, from the command line or a file.
pub(super) fn prompt(args: &PromptArgs) -> Result<String> {
    match (&args.prompt, &args.prompt_file) {
        (Some(prompt), _) => Ok(prompt.clone()),
        (None, Some(path)) => input::read_text(path, "PromptNotReadable", "the file should hold UTF-8 text"),
        // The command line requires one of them.
        (None, None) => Err(Error::new("PromptMissing", "what is the prompt?")),
    }
}

/// The sampler of a job, if its values are in range.
pub(super) fn sampler(args: &SamplerArgs) -> Result<Sampler> {
    let sampler = Sampler {
        temperature_milli: args.temperature,
        min_p_milli: args.min_p,
        repetition_penalty_milli: args.repetition_penalty,
        repetition_window: args.repetition_window,
    };
    if !sampler.is_valid() {
        return Err(Error::new("SamplerInvalid", "--min-p is above 1 or --repetition-penalty is 0")
            .hint("--min-p lies between 0 and 1, --repetition-penalty is at least 0.001"));
    }
    Ok(sampler)
}

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
        let input = input::input(self.prompt.as_bytes(), "the prompt", "PromptTooLong")?;
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

/// The order that `order` makes of a maximum price, at most for what the cheapest fitting provider asks now.
async fn at_quote(chain: &Chain, order: impl Fn(Balance) -> Result<JobOrder>) -> Result<JobOrder> {
    let unlimited = order(Balance::MAX)?;
    if let Some(quote) = chain.quote(&unlimited).await? {
        progress(format!(
            "quote: at most {} for {} units, by {}",
            output::amount(quote.max_fee),
            quote.max_units,
            output::account(&quote.provider)
        ));
        return order(quote.max_fee);
    }
    // Nobody is free, perhaps: then the order may wait for whoever asks least.
    let JobOrder::V1(unlimited) = &unlimited;
    let (units, deadline) = (unlimited.work.max_units(), unlimited.deadline);
    let (providers, least) = (chain.providers().await?, chain.min_deadline().await?);
    let max_fee = cheapest(&providers, unlimited, least).ok_or_else(|| {
        Error::new("NoProvider", format!("no provider asks for {units} units of this model within {deadline} blocks"))
            .hint(
                "'strike provider list' shows what is offered, --deadline gives more time; \
                 with --max-price the order waits for a provider",
            )
    })?;
    progress(format!("no quote now; the order offers at most {}", output::amount(max_fee)));
    order(max_fee)
}

/// What the order would cost at the lowest price that an active provider asks for such, free or not. Every ask needs `least` blocks.
fn cheapest(providers: &[ProviderInfo], order: &JobOrderV1, least: BlockNumber) -> Option<Balance> {
    let units = order.work.max_units();
    let fits = |ask: &&AskInfo| {
        let needed = (units / Units::from(ask.throughput.max(1))).saturating_add(least.into());
        let in_time = needed <= order.deadline.into();
        ask.model == order.model && ask.class == order.class && ask.max_units >= units && in_time
    };
    let active = providers.iter().filter(|info| info.active).flat_map(|info| &info.asks);
    fee(units, active.filter(fits).map(|ask| ask.price).min()?)
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
    let order = match args.max_price {
        Some(price) => generation.order(price)?,
        None => generation.order_at_quote(&chain).await?,
    };
    input::leave(&chain, &order, generation.prompt.as_bytes()).await?;
    let (submission, inclusion) = chain.submit(&calls::submit_job(&order), &signer).await?;
    let job = inclusion.job()?;
    progress(format!("block {}: submitted as job {job}", inclusion.number));
    if !args.wait {
        if context.json {
            let mut view = transaction_view(&submission, &inclusion);
            view.job = Some(job);
            return output::json(&view);
        }
        output::line(format!("job {job}"));
        return Ok(());
    }

    let mut narrator = Narrator::default();
    let info = crate::chain::follow(&chain, job, Some(submission), |update| {
        progress(narrator.line(update));
    })
    .await
    .map_err(|error| report::not_known(job, error))?;
    report::print(context, &chain, &info).await
}

/// Whether a job was paid for.
pub fn settled(info: &JobInfo) -> bool {
    matches!(info.status, JobStatus::Closed { reason: CloseReason::Settled })
}

/// The failure to report for a job that closed without being paid for.
pub fn unsettled(info: &JobInfo) -> Error {
    let job = info.job;
    let refunded = info.receipt.as_ref().map(|receipt| receipt.refunded).unwrap_or_default();
    let JobStatus::Closed { reason } = info.status else {
        return Error::new("JobNotClosed", format!("job {job} is not closed"));
    };
    let (name, why, hint) = match reason {
        CloseReason::Settled => ("JobSettled", "was settled", ""),
        CloseReason::Cancelled => ("JobCancelled", "was cancelled", ""),
        CloseReason::NoProvider => {
            ("NoProvider", "found no free provider in time", "'strike provider list' shows what is offered")
        }
        CloseReason::ProviderLate => {
            ("ProviderLate", "was not done in time", "order again, perhaps with a longer --deadline")
        }
        CloseReason::Invalid => ("ResultInvalid", "got results that were found invalid", "order again"),
        CloseReason::Withheld => ("ResultWithheld", "got a result that was withheld", "order again"),
        CloseReason::Undecided => ("VerdictUndecided", "got no verdict of a majority of validators", "order again"),
    };
    let error = Error::new(name, format!("job {job} {why}; {} went back", output::amount(refunded)));
    if hint.is_empty() {
        error
    } else {
        error.hint(hint)
    }
}

/// Whether a job's receipt says that it was found valid and paid.
pub fn is_valid(info: &JobInfo) -> bool {
    let valid = |units: &Units| *units > 0;
    let verdict = info.receipt.as_ref().and_then(|receipt| receipt.verdict.as_ref());
    settled(info) && matches!(verdict, Some(strike_primitives::verdict::Verdict::Valid { units }) if valid(units))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use strike_primitives::{api::AskInfo, artifact::ArtifactKind, job::Input, AccountId, H256};

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

    pub(crate) fn order() -> JobOrder {
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

    #[test]
    fn busy_providers_still_have_a_price() {
        let JobOrder::V1(order) = order();
        let slow_ask = |price, max_units, throughput| AskInfo {
            provider: AccountId::new([1; 32]),
            model: order.model,
            class: order.class,
            price,
            capacity: 1,
            running: 1,
            max_units,
            throughput,
        };
        let ask = |price, max_units| slow_ask(price, max_units, 100);
        let provider = |active, asks| ProviderInfo {
            provider: AccountId::new([1; 32]),
            bond: 0,
            reserved: 0,
            active,
            models: vec![order.model],
            linked: vec![],
            asks,
        };
        let providers = [
            provider(false, vec![ask(1, 4_096)]),
            provider(true, vec![ask(2_000, 10), ask(4_000, 4_096)]),
            provider(true, vec![ask(3_000, 96), slow_ask(1_000, 4_096, 1)]),
        ];
        let cheapest = |change: fn(&mut JobOrderV1)| {
            let mut order = order.clone();
            change(&mut order);
            cheapest(&providers, &order, 10)
        };
        assert_eq!(order.work.max_units(), 96);
        assert_eq!(cheapest(|_| ()), Some(288));
        assert_eq!(cheapest(|order| order.deadline = 105), Some(288), "the cheaper one takes 10 and 96 blocks");
        assert_eq!(cheapest(|order| order.deadline = 106), Some(96));
        assert_eq!(cheapest(|order| order.class = VerificationClass::Exact), None);
        assert_eq!(cheapest(|order| order.model.root = H256::zero()), None);
        assert_eq!(
            cheapest(|order| {
                let WorkSpec::Generate(work) = &mut order.work else { panic!() };
                work.max_output_tokens = 5_000;
            }),
            None
        );
    }

    #[test]
    fn a_missing_prompt_file_is_named() {
        let args = PromptArgs { prompt: None, prompt_file: Some("/no/such/prompt".into()) };
        let error = prompt(&args).unwrap_err();
        assert_eq!(error.name, "PromptNotReadable");
        assert!(error.message.contains("/no/such/prompt"));
    }

    #[test]
    fn samplers_are_checked_before_anything_is_paid() {
        let args = SamplerArgs { temperature: 700, min_p: 1_001, repetition_penalty: 1_000, repetition_window: 0 };
        assert_eq!(sampler(&args).unwrap_err().name, "SamplerInvalid");
    }
}
