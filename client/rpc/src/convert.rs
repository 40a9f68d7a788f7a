//! From the runtime's types to the JSON that clients see.

use crate::views::{
    Accounts, AskView, BytesView, CommitmentView, CostsView, InputView, JobView, ModelView, PaymentView, ProviderView,
    QuoteView, ReceiptView, StatusView, WorkView,
};
use strike_primitives::{
    api::{AskInfo, Costs, JobInfo, JobStatus, ModelInfo, ProviderInfo, Quote},
    commitment::Commitment,
    embedding::decode_texts,
    job::{Input, JobOrder, WorkSpec},
    receipt::Receipt,
};

impl InputView {
    fn new(input: &Input) -> Self {
        match input {
            Input::Plain(bytes) => Self::Plain(BytesView::new(bytes)),
            Input::Blob { root, length } => Self::Blob { root: *root, length: *length },
            Input::Encrypted { root, length, .. } => Self::Encrypted { root: *root, length: *length },
        }
    }
}

impl WorkView {
    fn new(work: &WorkSpec) -> Self {
        match work {
            WorkSpec::Generate(work) => Self::Generate {
                input: InputView::new(&work.input),
                sampler: work.sampler,
                max_input_tokens: work.max_input_tokens,
                max_output_tokens: work.max_output_tokens,
                stop: work.stop.iter().map(|sequence| sequence.to_vec()).collect(),
            },
            WorkSpec::Embed(work) => Self::Embed {
                input: InputView::new(&work.input),
                texts: match &work.input {
                    Input::Plain(bytes) => decode_texts(bytes),
                    Input::Blob { .. } | Input::Encrypted { .. } => None,
                },
                max_input_tokens: work.max_input_tokens,
            },
        }
    }
}

impl Accounts {
    pub fn job(self, info: JobInfo) -> JobView {
        let JobOrder::V1(order) = info.order;
        JobView {
            job: info.job,
            attempt: info.attempt,
            requester: self.show(&info.requester),
            model: order.model,
            class: order.class,
            work: WorkView::new(&order.work),
            max_price: order.max_price.into(),
            deadline: order.deadline,
            submitted_at: info.submitted_at,
            escrow: info.escrow.into(),
            upkeep: info.upkeep.into(),
            reserve: info.reserve.into(),
            deposit: info.deposit.into(),
            kept_until: info.kept_until,
            status: self.status(info.status),
            commitment: info.commitment.as_ref().map(commitment),
            receipt: info.receipt.map(|receipt| self.receipt(receipt)),
        }
    }

    fn status(self, status: JobStatus) -> StatusView {
        match status {
            JobStatus::Pending { deadline } => StatusView::Pending { deadline },
            JobStatus::Assigned { provider, assigned_at, deadline } => {
                StatusView::Assigned { provider: self.show(&provider), assigned_at, deadline }
            }
            JobStatus::Committed { provider, committed_at, eligible, sealed, revealed } => {
                StatusView::Committed { provider: self.show(&provider), committed_at, eligible, sealed, revealed }
            }
            JobStatus::Judged { provider } => StatusView::Judged { provider: self.show(&provider) },
            JobStatus::Closed { reason } => StatusView::Closed { reason },
        }
    }

    fn receipt(self, receipt: Receipt) -> ReceiptView {
        ReceiptView {
            hash: receipt.hash(),
            attempt: receipt.attempt,
            reason: receipt.reason,
            provider: receipt.provider.as_ref().map(|provider| self.show(provider)),
            verdict: receipt.verdict,
            verdicts: receipt.verdicts,
            units: receipt.units,
            price: receipt.price.into(),
            fee: receipt.fee.into(),
            refunded: receipt.refunded.into(),
            burned: receipt.burned.into(),
            slashed: receipt.slashed.into(),
            upkeep: receipt.upkeep.into(),
            payments: receipt
                .payments
                .iter()
                .map(|payment| PaymentView {
                    account: self.show(&payment.account),
                    role: payment.role,
                    amount: payment.amount.into(),
                })
                .collect(),
            submitted_at: receipt.submitted_at,
            closed_at: receipt.closed_at,
        }
    }

    pub fn quote(self, quote: Quote) -> QuoteView {
        QuoteView {
            provider: self.show(&quote.provider),
            price: quote.price.into(),
            max_units: quote.max_units,
            max_fee: quote.max_fee.into(),
            costs: costs(quote.costs),
        }
    }

    pub fn provider(self, info: ProviderInfo) -> ProviderView {
        let ask = |ask: AskInfo| AskView {
            model: ask.model,
            class: ask.class,
            price: ask.price.into(),
            capacity: ask.capacity,
            running: ask.running,
            max_units: ask.max_units,
            throughput: ask.throughput,
        };
        ProviderView {
            provider: self.show(&info.provider),
            bond: info.bond.into(),
            reserved: info.reserved.into(),
            active: info.active,
            models: info.models,
            linked: self.show_all(&info.linked),
            asks: info.asks.into_iter().map(ask).collect(),
        }
    }

    pub fn model(self, info: ModelInfo) -> ModelView {
        ModelView {
            model: info.model,
            name: info.name,
            size: info.size,
            owner: self.show(&info.owner),
            royalty: info.royalty,
        }
    }
}

/// What an order costs and holds beside its price.
pub(crate) fn costs(costs: Costs) -> CostsView {
    CostsView {
        transaction_fee: costs.transaction_fee.into(),
        attestation_fee: costs.attestation_fee.into(),
        reserve: costs.reserve.into(),
        waiting_fee: costs.waiting_fee.into(),
        deposit: costs.deposit.into(),
        retention: costs.retention,
    }
}

fn commitment(commitment: &Commitment) -> CommitmentView {
    let claim = commitment.v1();
    CommitmentView {
        hash: commitment.hash(),
        job_root: claim.job_root,
        out_root: claim.out_root,
        trace_root: claim.trace_root,
        n_in: claim.n_in,
        n_out: claim.n_out,
        stop: claim.stop,
    }
}
