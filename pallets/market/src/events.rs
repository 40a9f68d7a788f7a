//! What the pallet tells.

use frame_support::pallet_macros::pallet_section;

/// Events, as a part of the pallet.
#[pallet_section]
mod events {
    #[allow(missing_docs)] // What a field's name does not say is in the line of its event.
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A provider offers a service, or changed its offer; the fields are those of [`Pallet::place_ask`].
        AskPlaced {
            provider: AccountId,
            model: ArtifactId,
            class: VerificationClass,
            price: Balance,
            capacity: u32,
            max_units: Units,
            throughput: u32,
        },
        /// A provider no longer offers a service, or could get no jobs with its ask, whose place somebody else needed.
        AskWithdrawn { provider: AccountId, model: ArtifactId, class: VerificationClass },
        /// A job was ordered, and its maximum price is held.
        JobSubmitted {
            job: JobId,
            requester: AccountId,
            model: ArtifactId,
            class: VerificationClass,
            max_price: Balance,
        },
        /// No provider fits now; the job waits for one until the block `deadline`, later if time stands still.
        JobQueued { job: JobId, deadline: BlockNumber },
        /// A provider got the job, at a price per 1,000 units, and commits by `deadline`, later if time stands still.
        JobAssigned {
            job: JobId,
            attempt: Attempt,
            provider: AccountId,
            price: Balance,
            at_risk: Balance,
            deadline: BlockNumber,
        },
        /// The validators' verdict is in, none if undecided, and waits for its settlement.
        JobJudged { job: JobId, attempt: Attempt, verdict: Option<Verdict> },
        /// An attempt came to nothing, the job closes only if nobody else takes it; what the provider's bond lost.
        AttemptFailed {
            job: JobId,
            attempt: Attempt,
            provider: AccountId,
            reason: CloseReason,
            burned: Balance,
            compensated: Balance,
        },
        /// Somebody was paid for their part in a job.
        PaymentMade { job: JobId, account: AccountId, role: PaymentRole, amount: Balance },
        /// Somebody was to be paid but cannot receive it now: it waits for a claim.
        PaymentDeferred { job: JobId, account: AccountId, role: PaymentRole, amount: Balance },
        /// A valid result was paid: `units` cost `fee`, `burned` of it burned; `refunded` went back to the requester.
        JobSettled {
            job: JobId,
            attempt: Attempt,
            provider: AccountId,
            units: Units,
            fee: Balance,
            burned: Balance,
            refunded: Balance,
        },
        /// An attempt could not be ended: the requester got the escrow back, nobody was paid or punished.
        SettlementFailed { job: JobId, attempt: Attempt, error: DispatchError },
        /// A job is over; `receipt` is the hash of its receipt.
        JobClosed { job: JobId, reason: CloseReason, receipt: H256 },
        /// A closed job is no longer kept, and its deposit went back.
        JobPruned { job: JobId },
        /// A requester was to get held money back but cannot receive it now: it waits for a claim.
        RefundDeferred { job: JobId, account: AccountId, amount: Balance },
        /// A requester burned so much for attestations of a job, or for visits while it waits.
        UpkeepPaid { job: JobId, account: AccountId, amount: Balance },
    }
}
