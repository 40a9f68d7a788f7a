//! What the worker tells Prometheus.

use crate::duty::kind;
use std::time::Duration;
use strike_primitives::{api::Duty, verdict::Verdict};
use substrate_prometheus_endpoint::{
    exponential_buckets, register, Counter, CounterVec, Gauge, GaugeVec, HistogramOpts, HistogramVec, Opts,
    PrometheusError, Registry, U64,
};

/// The worker's metrics. Without a registry they are counted all the same and read by nobody.
#[derive(Clone)]
pub(crate) struct Metrics {
    pub owed: GaugeVec<U64>,
    pub waiting: Gauge<U64>,
    pub running: Gauge<U64>,
    pub inputs_missing: Gauge<U64>,
    pub outputs_sought: Gauge<U64>,
    runs: CounterVec<U64>,
    verdicts: CounterVec<U64>,
    replays: Counter<U64>,
    failures: CounterVec<U64>,
    pub cancelled: Counter<U64>,
    pub paused: Counter<U64>,
    seconds: HistogramVec,
    tokens_read: CounterVec<U64>,
    tokens_written: CounterVec<U64>,
    published: CounterVec<U64>,
    pub foreign: Counter<U64>,
}

impl Metrics {
    /// The metrics, registered where there is a registry.
    pub fn new(registry: Option<&Registry>) -> Result<Self, PrometheusError> {
        let metrics = Self {
            owed: GaugeVec::new(
                Opts::new("strike_duties_owed", "Duties that the best block lists for this node's keys"),
                &["kind"],
            )?,
            waiting: Gauge::new("strike_duties_waiting", "Duties that wait for a free run")?,
            running: Gauge::new("strike_runs", "Runs going on")?,
            inputs_missing: Gauge::new("strike_inputs_missing", "Inputs of duties that are not here yet")?,
            outputs_sought: Gauge::new("strike_outputs_sought", "Outputs to check that are being fetched")?,
            runs: CounterVec::new(Opts::new("strike_runs_total", "Runs that ended with a result"), &["kind"])?,
            verdicts: CounterVec::new(Opts::new("strike_checks_total", "Checks by what they found"), &["verdict"])?,
            replays: Counter::new("strike_replays_total", "Checks by a replay of the provider's output")?,
            failures: CounterVec::new(
                Opts::new("strike_failures_total", "Runs that failed, by reason"),
                &["kind", "reason"],
            )?,
            paused: Counter::new("strike_paused_total", "Runs that made way for one that was due sooner")?,
            cancelled: Counter::new("strike_cancelled_total", "Runs cancelled because nobody owes them any longer")?,
            seconds: HistogramVec::new(
                HistogramOpts::new("strike_run_seconds", "Time from the start of a run to its result")
                    .buckets(exponential_buckets(0.01, 2.0, 18)?),
                &["kind"],
            )?,
            tokens_read: CounterVec::new(Opts::new("strike_tokens_read_total", "Prompt tokens read"), &["kind"])?,
            tokens_written: CounterVec::new(Opts::new("strike_tokens_written_total", "Tokens generated"), &["kind"])?,
            published: CounterVec::new(
                Opts::new("strike_published_total", "Results handed to the off-chain worker"),
                &["kind"],
            )?,
            foreign: Counter::new(
                "strike_foreign_commitments_total",
                "Commitments with a key of this node that this node has not sent",
            )?,
        };
        if let Some(registry) = registry {
            register(metrics.owed.clone(), registry)?;
            register(metrics.waiting.clone(), registry)?;
            register(metrics.running.clone(), registry)?;
            register(metrics.inputs_missing.clone(), registry)?;
            register(metrics.outputs_sought.clone(), registry)?;
            register(metrics.runs.clone(), registry)?;
            register(metrics.verdicts.clone(), registry)?;
            register(metrics.replays.clone(), registry)?;
            register(metrics.failures.clone(), registry)?;
            register(metrics.cancelled.clone(), registry)?;
            register(metrics.paused.clone(), registry)?;
            register(metrics.seconds.clone(), registry)?;
            register(metrics.tokens_read.clone(), registry)?;
            register(metrics.tokens_written.clone(), registry)?;
            register(metrics.published.clone(), registry)?;
            register(metrics.foreign.clone(), registry)?;
        }
        Ok(metrics)
    }

    /// A run of a duty of this kind ended with a result.
    pub fn ran(&self, kind: &str, took: Duration) {
        self.runs.with_label_values(&[kind]).inc();
        self.seconds.with_label_values(&[kind]).observe(took.as_secs_f64());
    }

    /// So many tokens were read and written for a duty of this kind.
    pub fn tokens(&self, kind: &str, read: u32, written: u32) {
        self.tokens_read.with_label_values(&[kind]).inc_by(read.into());
        self.tokens_written.with_label_values(&[kind]).inc_by(written.into());
    }

    /// A check came to a verdict, perhaps by a replay of the provider's output.
    pub fn checked(&self, verdict: &Verdict, by_replay: bool) {
        let verdict = match verdict {
            Verdict::Valid { .. } => "valid",
            Verdict::Invalid { .. } => "invalid",
            Verdict::Withheld => "withheld",
        };
        self.verdicts.with_label_values(&[verdict]).inc();
        if by_replay {
            self.replays.inc();
        }
    }

    /// Checks by a replay so far.
    #[cfg(test)]
    pub fn replays(&self) -> u64 {
        self.replays.get()
    }

    /// A run failed; `reason` says why in a word.
    pub fn failed(&self, duty: &Duty, reason: &str) {
        self.failures.with_label_values(&[kind(duty), reason]).inc();
    }

    /// A result was handed to the off-chain worker.
    pub fn published(&self, duty: &Duty) {
        self.published.with_label_values(&[kind(duty)]).inc();
    }
}
