//! What calls answer when they refuse.

use frame_support::pallet_macros::pallet_section;

/// Errors, as a part of the pallet.
#[pallet_section]
mod errors {
    #[pallet::error]
    pub enum Error<T> {
        /// The account is no active provider: register first.
        ProviderNotActive,
        /// The provider does not say that it serves this model: add it in the registry first.
        ModelNotServed,
        /// The artifact is not registered as a model: register it, or name another.
        ModelNotFound,
        /// This form of input is reserved: send it plain, or as a blob.
        InputNotSupported,
        /// The price is below the least one: raise it.
        PriceTooLow,
        /// The capacity is zero or above the most allowed.
        CapacityOutOfRange,
        /// A limit of tokens or units is zero or above the most allowed.
        LimitsOutOfRange,
        /// A value of the sampler is out of range.
        SamplerInvalid,
        /// A stop sequence has no tokens: leave it out.
        StopSequenceEmpty,
        /// The deadline is shorter or longer than allowed.
        DeadlineOutOfRange,
        /// The service has as many asks as are kept, all of them of use: wait for one to go.
        TooManyAsks,
        /// The provider has as many asks as it may have: withdraw one.
        TooManyAsksOfProvider,
        /// The provider has no ask for this service.
        AskNotFound,
        /// No provider fits now and no more jobs may wait: raise the maximum price or try later.
        QueueFull,
        /// No job has this id, or it has been pruned.
        JobNotFound,
        /// Only who ordered the job may do this.
        NotRequester,
        /// A provider has the job already: it can no longer be cancelled.
        JobAlreadyAssigned,
        /// The job is over.
        JobAlreadyClosed,
        /// The attempt is not the one that is running, or not at this stage.
        AttemptNotRunning,
        /// The last block for the commitment is over.
        DeadlinePassed,
        /// No verdict waits for its settlement.
        NothingToSettle,
        /// Such work cannot be verified in this class: embeddings are of the exact class.
        ClassNotSupported,
        /// The input that travels as a blob is empty or longer than 1 MiB: shorten it.
        InputLengthOutOfRange,
        /// An ask promises to do at least one unit in a block.
        ThroughputZero,
        /// As many jobs are open as can be checked in time: order again when some of them are closed.
        ChainBusy,
        /// The job is not over: only a closed job can be forgotten.
        JobNotClosed,
        /// The end of the job may not be final yet: forget it some blocks later.
        EndNotFinal,
    }
}
