//! What happened on a chain between two final blocks, by its events.

use codec::Decode;
use std::collections::BTreeMap;
use strike_chain::Chain;
use strike_primitives::{receipt::CloseReason, AccountId, Attempt, Balance, BlockNumber, JobId, H256};
use subxt::rpcs::methods::legacy::NumberOrHex;

/// An attempt that came to nothing: the event `Market::AttemptFailed`.
#[derive(Clone, Debug, PartialEq, Eq, Decode)]
pub struct Failure {
    /// The job.
    pub job: JobId,
    /// The attempt.
    pub attempt: Attempt,
    /// Whose it was.
    pub provider: AccountId,
    /// Why.
    pub reason: CloseReason,
    /// What was burned of the provider's bond.
    pub burned: Balance,
    /// What the bond paid the requester.
    pub compensated: Balance,
}

/// The events that the tests ask for.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// How often a commitment was recorded, per attempt.
    pub commitments: BTreeMap<(JobId, Attempt), u32>,
    /// How often a validator sealed, per attempt.
    pub seals: BTreeMap<(JobId, Attempt, AccountId), u32>,
    /// How often a validator revealed, per attempt.
    pub reveals: BTreeMap<(JobId, Attempt, AccountId), u32>,
    /// How often an audit was concluded, per attempt.
    pub conclusions: BTreeMap<(JobId, Attempt), u32>,
    /// How often a job was closed.
    pub closings: BTreeMap<JobId, u32>,
    /// Attempts that failed, in their order.
    pub failures: Vec<Failure>,
    /// Reports of validators that voted or authored twice.
    pub offences: u32,
}

impl History {
    /// Reads the blocks above `after`, up to and with `until`, which must be final.
    pub async fn read(chain: &Chain, after: BlockNumber, until: BlockNumber) -> Self {
        let mut history = Self::default();
        for number in after + 1..=until {
            let number = Some(NumberOrHex::Number(number.into()));
            let hash = chain.methods().chain_get_block_hash(number).await.expect("a node knows its blocks");
            let hash = H256(hash.expect("a final block is there").0);
            let at = chain.at(hash).await.unwrap_or_else(|error| panic!("{error}"));
            let events = at.events().fetch().await.expect("a node keeps the events of its blocks");
            for event in events.iter() {
                let event = event.expect("the metadata describes every event");
                history.note(event.pallet_name(), event.event_name(), event.field_bytes());
            }
        }
        history
    }

    fn note(&mut self, pallet: &str, event: &str, fields: &[u8]) {
        fn read<T: Decode>(mut fields: &[u8]) -> T {
            T::decode(&mut fields).expect("the event has these fields")
        }
        match (pallet, event) {
            ("Verification", "CommitmentRecorded") => *self.commitments.entry(read(fields)).or_default() += 1,
            ("Verification", "VerdictSealed") => *self.seals.entry(read(fields)).or_default() += 1,
            ("Verification", "VerdictRevealed") => *self.reveals.entry(read(fields)).or_default() += 1,
            ("Verification", "AuditConcluded") => *self.conclusions.entry(read(fields)).or_default() += 1,
            ("Market", "JobClosed") => *self.closings.entry(read(fields)).or_default() += 1,
            ("Market", "AttemptFailed") => self.failures.push(read(fields)),
            ("Offences", "Offence") => self.offences += 1,
            ("Market", "SettlementFailed" | "PaymentDeferred" | "RefundDeferred")
            | ("Payouts", "Deferred")
            | ("Verification", "OutcomeDeferred" | "OutcomeAbandoned") => {
                panic!("{pallet}.{event}: 0x{}", fields.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
            }
            _ => {}
        }
    }

    /// No commitment, seal, reveal, conclusion or closing may count twice.
    pub fn assert_nothing_twice(&self) {
        fn once<K: std::fmt::Debug>(what: &str, counts: &BTreeMap<K, u32>) {
            let twice: Vec<&K> = counts.iter().filter(|(_, count)| **count > 1).map(|(key, _)| key).collect();
            assert!(twice.is_empty(), "{what} that counted twice: {twice:?}");
        }
        once("commitments", &self.commitments);
        once("seals", &self.seals);
        once("reveals", &self.reveals);
        once("audits", &self.conclusions);
        once("closings", &self.closings);
    }

    /// What each provider lost of its bond.
    pub fn losses(&self) -> BTreeMap<AccountId, Balance> {
        let mut losses = BTreeMap::new();
        for failure in self.failures.iter().filter(|failure| failure.burned + failure.compensated > 0) {
            *losses.entry(failure.provider.clone()).or_default() += failure.burned + failure.compensated;
        }
        losses
    }
}
