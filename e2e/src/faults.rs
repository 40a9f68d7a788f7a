//! What the tests of faults share.

use crate::{history::History, jobs, ledger::Ledger};
use strike_chain::{keys, Chain};
use strike_primitives::{
    api::JobInfo,
    job::JobOrder,
    receipt::{PaymentRole, Receipt},
    AccountId, Balance, BlockNumber, JobId,
};

/// Who orders in these tests: no validator, no provider, owner of no model.
pub const REQUESTER: &str = "ferdie";
/// The shortest deadline, in blocks, so that waiting for a silent provider is soon over.
pub const SHORT_DEADLINE: BlockNumber = 30;
/// A deadline that a provider at work keeps.
pub const DEADLINE: BlockNumber = 50;

/// Jobs that each fault gets: `STRIKE_FAULT_JOBS`, or 10.
pub fn jobs_each() -> usize {
    match std::env::var("STRIKE_FAULT_JOBS") {
        Ok(text) => text.parse().unwrap_or_else(|error| panic!("STRIKE_FAULT_JOBS={text} is no number: {error}")),
        Err(_) => 10,
    }
}

/// The account of a key.
pub fn account(key: &str) -> AccountId {
    keys::account_of(&keys::key_pair(key).unwrap_or_else(|error| panic!("{error}")))
}

/// Orders of which each asks the faulty provider for something, or for nothing but the work.
pub fn orders(fault: Option<&str>, count: usize, deadline: BlockNumber) -> Vec<JobOrder> {
    let prefix = fault.map(|fault| format!("[{fault}] ")).unwrap_or_default();
    (0..count).map(|index| jobs::order(format!("{prefix}Tell me about house {index}."), deadline)).collect()
}

/// A closed job's receipt.
pub fn receipt(info: &JobInfo) -> &Receipt {
    info.receipt.as_ref().expect("a closed job has a receipt")
}

/// What a receipt pays for a role.
pub fn paid(receipt: &Receipt, role: PaymentRole) -> Balance {
    receipt.payments.iter().filter(|payment| payment.role == role).map(|payment| payment.amount).sum()
}

/// The books and the height at the beginning of a test.
pub struct Beginning {
    ledger: Ledger,
    height: BlockNumber,
}

impl Beginning {
    /// Now.
    pub async fn of(chain: &Chain) -> Self {
        let (block, height) = jobs::final_block(chain).await;
        Self { ledger: Ledger::read(chain, block).await, height }
    }

    /// What happened since.
    pub async fn history(&self, chain: &Chain) -> History {
        let (_, height) = jobs::final_block(chain).await;
        History::read(chain, self.height, height).await
    }

    /// Checks that money moved as the receipts of all jobs since then say, and nothing counted twice; returns what happened.
    pub async fn check(&self, chain: &Chain, infos: &[JobInfo], payers: &[AccountId]) -> History {
        let (block, height) = jobs::final_block(chain).await;
        let history = History::read(chain, self.height, height).await;
        history.assert_nothing_twice();
        let after = Ledger::read(chain, block).await;
        crate::ledger::assert_moved(&self.ledger, &after, infos.iter().map(receipt), &history.losses(), payers);
        history
    }
}

/// Ids of jobs.
pub fn ids(infos: &[JobInfo]) -> Vec<JobId> {
    infos.iter().map(|info| info.job).collect()
}
