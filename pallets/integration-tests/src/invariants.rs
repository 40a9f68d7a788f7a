//! What holds after every block and every test.
//!
//! The books: from the events alone it is worked out what everybody has, and compared with what everybody has. So
//! each unit that moves is announced, and each announcement is true.

use crate::runtime::*;
use frame_support::traits::fungible::Inspect;
use pallet_market::Event as MarketEvent;
use pallet_payouts::Event as PayoutsEvent;
use pallet_providers::Event as ProvidersEvent;
use sp_runtime::traits::Zero;
use std::{cell::RefCell, collections::BTreeMap};
use strike_primitives::{
    receipt::{PaymentRole, Receipt},
    AccountId, Attempt, Balance, JobId, H256,
};

/// What the events so far say.
#[derive(Default)]
struct Books {
    /// What everybody has, free and held together.
    totals: BTreeMap<AccountId, Balance>,
    /// All there is.
    issuance: Balance,
    /// What stands or stood behind each attempt.
    at_risk: BTreeMap<(JobId, Attempt), Balance>,
    /// For each job, what the market says was burned of bonds, and paid out of them.
    punished: BTreeMap<JobId, (Balance, Balance)>,
    /// The same over all jobs, as the owner of the bonds says.
    lost_of_bonds: (Balance, Balance),
    /// Payments kept, by payer, payee and amount, of which no pallet has said yet what they were for.
    unexplained: Vec<(AccountId, AccountId, Balance)>,
    /// Everything that happened, oldest first.
    events: Vec<RuntimeEvent>,
}

thread_local! {
    static BOOKS: RefCell<Books> = RefCell::default();
}

/// Open the books with what everybody has now.
pub fn begin() {
    let books = Books { totals: totals(), issuance: Balances::total_issuance(), ..Books::default() };
    BOOKS.with(|it| *it.borrow_mut() = books);
    System::reset_events();
}

/// Everything that happened up to the last check, oldest first.
pub fn events() -> Vec<RuntimeEvent> {
    BOOKS.with(|it| it.borrow().events.clone())
}

/// Check everything.
pub fn check() {
    Provenance::do_try_state().unwrap();
    Providers::do_try_state().unwrap();
    Market::do_try_state().unwrap();
    Verification::do_try_state().unwrap();
    Finality::do_try_state().unwrap();
    Payouts::do_try_state().unwrap();
    check_holds();
    check_at_risk();
    check_claims();
    check_audits();
    BOOKS.with(|it| it.borrow_mut().check());
}

/// Every account's holds are what each pallet owes it, to the unit, and there are no others.
fn check_holds() {
    // By the reason's name, since reasons have no order.
    let mut owed: BTreeMap<(AccountId, String), Balance> = BTreeMap::new();
    let mut owe = |account: &AccountId, reason: RuntimeHoldReason, amount: Balance| {
        *owed.entry((account.clone(), format!("{reason:?}"))).or_default() += amount;
    };
    for (provider, record) in pallet_providers::Providers::<Test>::iter() {
        owe(&provider, pallet_providers::HoldReason::Bond.into(), record.bond);
    }
    for artifact in pallet_provenance::Artifacts::<Test>::iter_values() {
        owe(&artifact.owner, pallet_provenance::HoldReason::Registration.into(), artifact.deposit);
    }
    for ask in pallet_market::Asks::<Test>::iter_values().flatten() {
        owe(&ask.provider, pallet_market::HoldReason::AskDeposit.into(), ask.deposit);
    }
    for job in pallet_market::Jobs::<Test>::iter_values() {
        owe(&job.requester, pallet_market::HoldReason::Escrow.into(), job.escrow);
        owe(&job.requester, pallet_market::HoldReason::JobDeposit.into(), job.deposit);
    }
    owed.retain(|_, amount| !amount.is_zero());

    let mut held = BTreeMap::new();
    for (account, holds) in pallet_balances::Holds::<Test>::iter() {
        let sum: Balance = holds.iter().map(|hold| hold.amount).sum();
        assert_eq!(System::account(&account).data.reserved, sum, "{account:?} has reserved what it has on hold");
        held.extend(holds.into_iter().map(|hold| ((account.clone(), format!("{:?}", hold.id)), hold.amount)));
    }
    assert_eq!(held, owed, "what is held is what is owed");
}

/// What is reserved of each bond is what stands behind the provider's running jobs.
fn check_at_risk() {
    let mut running: BTreeMap<AccountId, Balance> = BTreeMap::new();
    for job in pallet_market::Jobs::<Test>::iter_values() {
        if let Some(assignment) = job.assignment() {
            *running.entry(assignment.provider.clone()).or_default() += assignment.at_risk;
        }
    }
    let reserved: BTreeMap<AccountId, Balance> = pallet_providers::Providers::<Test>::iter()
        .map(|(provider, record)| (provider, record.reserved))
        .filter(|(_, reserved)| *reserved > 0)
        .collect();
    assert_eq!(reserved, running);
}

/// The account of payouts has what can be claimed, and what keeps it alive.
fn check_claims() {
    let claimable: Balance = pallet_payouts::Claimable::<Test>::iter_values().sum();
    assert_eq!(Balances::total_balance(&Payouts::account()), claimable + ED);
}

/// Audits are those of the jobs kept, and every committed job has one.
fn check_audits() {
    use pallet_market::JobState;
    for job in pallet_verification::AuditRecords::<Test>::iter_keys() {
        assert!(pallet_market::Jobs::<Test>::contains_key(job), "an audit is kept of a job that is not");
    }
    for (id, job) in pallet_market::Jobs::<Test>::iter() {
        let open = pallet_verification::OpenAudits::<Test>::contains_key(id);
        assert_eq!(open, matches!(job.state, JobState::Committed { .. }), "job {id} is audited while it is committed");
    }
}

impl Books {
    fn check(&mut self) {
        for record in System::events() {
            self.enter(&record.event);
            self.events.push(record.event);
        }
        System::reset_events();

        assert_eq!(self.unexplained, [], "whoever pays says for what");
        let punished = self.punished.values().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        assert_eq!(punished, self.lost_of_bonds, "bonds lose what jobs cost them");

        self.totals.retain(|_, total| *total > 0);
        let totals = totals();
        assert_eq!(totals, self.totals, "everybody has what the events say");
        assert_eq!(Balances::total_issuance(), self.issuance, "only what was burned is gone");
        assert_eq!(totals.values().sum::<Balance>(), self.issuance, "all there is, is somebody's");
    }

    fn give(&mut self, account: &AccountId, amount: Balance) {
        *self.totals.entry(account.clone()).or_default() += amount;
    }

    fn take(&mut self, account: &AccountId, amount: Balance) {
        let total = self.totals.entry(account.clone()).or_default();
        *total = total.checked_sub(amount).expect("nobody pays what they do not have");
    }

    fn burn(&mut self, account: &AccountId, amount: Balance) {
        self.take(account, amount);
        self.issuance -= amount;
    }

    /// What was kept last was for this.
    fn explain(&mut self, payment: (AccountId, AccountId, Balance)) {
        assert_eq!(self.unexplained.pop(), Some(payment), "what is kept is what was to be paid");
    }

    fn enter(&mut self, event: &RuntimeEvent) {
        match event {
            RuntimeEvent::Market(event) => self.enter_market(event),
            // Bonds are moved by their owner alone; the market says for which job.
            RuntimeEvent::Providers(ProvidersEvent::Slashed { provider, amount }) => {
                self.burn(provider, *amount);
                self.lost_of_bonds.0 += amount;
            }
            RuntimeEvent::Providers(ProvidersEvent::Compensated { provider, beneficiary, amount }) => {
                self.take(provider, *amount);
                self.give(beneficiary, *amount);
                self.lost_of_bonds.1 += amount;
            }
            RuntimeEvent::Payouts(PayoutsEvent::Deferred { account, from, amount }) => {
                self.take(from, *amount);
                self.give(&Payouts::account(), *amount);
                self.unexplained.push((from.clone(), account.clone(), *amount));
            }
            RuntimeEvent::Balances(pallet_balances::Event::Transfer { from, to, amount }) => {
                self.take(from, *amount);
                self.give(to, *amount);
            }
            RuntimeEvent::Balances(pallet_balances::Event::DustLost { account, amount }) => self.burn(account, *amount),
            RuntimeEvent::Verification(event) => {
                use pallet_verification::Event::{OutcomeAbandoned, OutcomeDeferred};
                assert!(
                    !matches!(event, OutcomeDeferred { .. } | OutcomeAbandoned { .. }),
                    "the market takes every outcome: {event:?}"
                );
            }
            _ => {}
        }
    }

    fn enter_market(&mut self, event: &MarketEvent<Test>) {
        let requester = |job: &JobId| pallet_market::Jobs::<Test>::get(job).unwrap().requester;
        match event {
            MarketEvent::JobAssigned { job, attempt, at_risk, .. } => {
                self.at_risk.insert((*job, *attempt), *at_risk);
            }
            MarketEvent::AttemptFailed { job, attempt, burned, compensated, .. } => {
                assert!(burned >= compensated, "no less is burned than paid, so nobody gains by failing their own job");
                let most = INVALID_PENALTY.mul_floor(self.at_risk[&(*job, *attempt)]);
                assert!(burned + compensated <= most, "a penalty is capped");
                let sums = self.punished.entry(*job).or_default();
                *sums = (sums.0 + burned, sums.1 + compensated);
            }
            // Compensation comes from the bond: see `Compensated` of the providers.
            MarketEvent::PaymentMade { role: PaymentRole::Compensation, .. } => {}
            MarketEvent::PaymentMade { job, account, amount, .. } => {
                self.take(&requester(job), *amount);
                self.give(account, *amount);
            }
            // Payouts say what moved; the market says for which job.
            MarketEvent::PaymentDeferred { job, account, amount, .. } => {
                self.explain((requester(job), account.clone(), *amount));
            }
            MarketEvent::RefundDeferred { account, amount, .. } => {
                self.explain((account.clone(), account.clone(), *amount));
            }
            MarketEvent::JobSettled { job, burned, .. } => self.burn(&requester(job), *burned),
            MarketEvent::JobClosed { job, receipt, .. } => self.check_receipt(*job, *receipt),
            MarketEvent::SettlementFailed { job, error, .. } => panic!("job {job} cannot be settled: {error:?}"),
            _ => {}
        }
    }

    /// A receipt adds up, and says what the events said.
    fn check_receipt(&self, job: JobId, hash: H256) {
        let receipt: Receipt = pallet_market::Receipts::<Test>::get(job).unwrap();
        let strike_primitives::job::JobOrder::V1(order) = pallet_market::Orders::<Test>::get(job).unwrap();
        assert_eq!(receipt.hash(), hash);
        let paid = |wanted: fn(PaymentRole) -> bool| -> Balance {
            receipt.payments.iter().filter(|payment| wanted(payment.role)).map(|payment| payment.amount).sum()
        };
        let from_bonds = paid(|role| role == PaymentRole::Compensation);
        assert_eq!(receipt.fee, paid(|role| role != PaymentRole::Compensation) + receipt.burned);
        assert_eq!(receipt.fee + receipt.refunded, order.max_price);
        let punished = self.punished.get(&job).copied().unwrap_or_default();
        assert_eq!((receipt.slashed, from_bonds), punished, "receipt and events agree on penalties");
    }
}
