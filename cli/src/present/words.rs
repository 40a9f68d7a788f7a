//! Words for what the chain's types say, in text and JSON alike.

use strike_primitives::{artifact::ArtifactId, commitment::StopReason, receipt::CloseReason, verdict::Verdict, H256};

/// `0x…` of a hash.
pub fn hash(hash: &H256) -> String {
    format!("0x{}", hex::encode(hash.0))
}

/// How a model is named: by its root.
pub fn model(id: &ArtifactId) -> String {
    hash(&id.root)
}

/// The word for a verdict.
pub fn verdict(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Valid { .. } => "valid",
        Verdict::Invalid { .. } => "invalid",
        Verdict::Withheld => "withheld",
    }
}

/// The word for why a job closed.
pub fn reason(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::Settled => "settled",
        CloseReason::Cancelled => "cancelled",
        CloseReason::NoProvider => "no_provider",
        CloseReason::ProviderLate => "provider_late",
        CloseReason::Invalid => "invalid",
        CloseReason::Withheld => "withheld",
        CloseReason::Undecided => "undecided",
    }
}

/// Until when the chain holds money for a reason: `Pallet.Reason`.
pub fn held_until(reason: &str) -> Option<&'static str> {
    match reason {
        "Market.Escrow" => Some("the jobs close"),
        "Market.Attestations" => Some("the jobs close, but for what further attempts burn"),
        "Market.JobDeposit" => Some("the jobs are forgotten: a day after they closed, or by 'strike job forget'"),
        "Market.AskDeposit" => Some("the asks are withdrawn"),
        "Providers.Bond" => Some("the provider has left and its bond is withdrawn"),
        "Provenance.Registration" => Some("the models are no longer registered"),
        _ => None,
    }
}

/// Why an output ended.
pub fn stop(reason: StopReason) -> &'static str {
    match reason {
        StopReason::EndOfText => "the text ended",
        StopReason::StopSequence => "a stop sequence came",
        StopReason::MaxTokens => "the limit was reached",
        StopReason::ContextFull => "the model's context was full",
        StopReason::InputTooLong => "the input is too long",
        StopReason::InvalidInput => "the input is not valid",
        StopReason::NotFinite => "the arithmetic left the finite numbers",
        StopReason::Complete => "every text was embedded",
        StopReason::InputUnavailable => "the input could not be had from any node",
        StopReason::WrongModel => "the model does not do this kind of work",
    }
}
