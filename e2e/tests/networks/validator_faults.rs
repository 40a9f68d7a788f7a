//! One validator of four that lies: each fault is refused or outvoted every time, it earns nothing, and nobody honest loses
//! anything. `STRIKE_FAULT_JOBS` says how many jobs each fault gets; the table is `docs/faults.md`.

use codec::Encode;
use pallet_verification::types::Refusal;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use strike_chain::{keys, outcome::is_valid, Call, Chain};
use strike_e2e::{
    command::binary,
    faults::{account, jobs_each, orders, paid, receipt, Beginning, DEADLINE, REQUESTER},
    jobs::{closed, is_closed, seen_final, submit_all},
    key_holder::{refused, Answer, KeyHolder},
    network,
};
use strike_primitives::{
    api::{CheckDuty, JobInfo, JobStatus},
    job::JobOrder,
    receipt::{CloseReason, PaymentRole},
    verdict::{AuditRef, InvalidReason, Verdict},
    JobId, H256,
};

/// The validator that lies: its node authors and finalizes, and this test signs its verdicts.
const DAVE: &str = "dave";
/// The provider.
const EVE: &str = "eve";
/// As many jobs as the provider takes at once, at most.
const AT_ONCE: usize = 60;

/// What the validator does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// It calls a wrong result valid.
    ValidOnWrong,
    /// It calls a right result valid without running the work.
    ValidUnseen,
    /// It calls a right result invalid.
    AlwaysInvalid,
    /// It seals, tries to reveal another verdict, and never reveals the one it sealed.
    NeverRevealed,
    /// It has verdicts on another fork's commitment, beacon and genesis.
    OtherFork,
}

const FAULTS: [Fault; 5] =
    [Fault::ValidOnWrong, Fault::ValidUnseen, Fault::AlwaysInvalid, Fault::NeverRevealed, Fault::OtherFork];

/// How far the validator is with a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Step {
    #[default]
    Begun,
    Sealed,
    Over,
}

const INVALID: Verdict = Verdict::Invalid { reason: InvalidReason::OutputMismatch };

/// One step of a fault; returns how far it has come.
async fn lie(dave: &KeyHolder, genesis: &H256, fault: Fault, step: Step, duty: &CheckDuty) -> Step {
    let valid = Verdict::Valid { units: duty.commitment.v1().units() };
    let says = |verdict| dave.verdict(&duty.audit, verdict);
    let said = match fault {
        Fault::ValidOnWrong | Fault::ValidUnseen => says(valid),
        Fault::AlwaysInvalid | Fault::NeverRevealed | Fault::OtherFork => says(INVALID),
    };
    match (fault, step) {
        (_, Step::Over) => Step::Over,
        (Fault::OtherFork, _) => {
            let fork = |audit: AuditRef| dave.verdict(&audit, INVALID);
            let beacon = fork(AuditRef { beacon_block: duty.audit.beacon_block + 1, ..duty.audit.clone() });
            let commitment = fork(AuditRef { commitment: H256::repeat_byte(1), ..duty.audit.clone() });
            let other = H256::repeat_byte(2);
            for (revealed, genesis, refusal) in [
                (&beacon, genesis, Refusal::BeaconBlockMismatch),
                (&commitment, genesis, Refusal::CommitmentMismatch),
                (&said, &other, Refusal::BadSignature),
            ] {
                if after(dave.seal(revealed, genesis).await, refused(refusal), step, Step::Over) != Step::Over {
                    return step;
                }
            }
            Step::Over
        }
        (_, Step::Begun) => after(dave.seal(&said, genesis).await, Ok(()), step, Step::Sealed),
        (Fault::NeverRevealed, Step::Sealed) => {
            after(dave.reveal(&says(valid)).await, refused(Refusal::SealMismatch), step, Step::Over)
        }
        (_, Step::Sealed) => after(dave.reveal(&said).await, Ok(()), step, Step::Over),
    }
}

/// Where a lie has come to that met `answer`: to `next` as expected, or no further because it was not the time for it in the block
/// by which the pool judged.
fn after(answer: Answer, expected: Answer, step: Step, next: Step) -> Step {
    const NOT_THE_TIME: [Refusal; 6] = [
        Refusal::AuditNotOpen,
        Refusal::BeaconUnknown,
        Refusal::SealingClosed,
        Refusal::RevealingNotBegun,
        Refusal::NotSealed,
        Refusal::RevealingClosed,
    ];
    if answer == expected {
        return next;
    }
    assert!(
        NOT_THE_TIME.into_iter().any(|early_or_late| answer == refused(early_or_late)),
        "{answer:?}, not {expected:?}"
    );
    step
}

/// Lies about jobs until they are closed; returns them and those of them about which the lie was told to its end.
async fn lie_about(
    chain: &Chain,
    dave: &KeyHolder,
    faults: &BTreeMap<JobId, Fault>,
) -> (Vec<JobInfo>, BTreeSet<JobId>) {
    let jobs: Vec<JobId> = faults.keys().copied().collect();
    let genesis = chain.genesis();
    let mut steps: BTreeMap<JobId, Step> = BTreeMap::new();
    loop {
        for duty in dave.to_check().await {
            let job = duty.audit.job;
            let Some(fault) = faults.get(&job) else { continue };
            let step = steps.entry(job).or_default();
            *step = lie(dave, &genesis, *fault, *step, &duty).await;
        }
        let mut open = false;
        for job in &jobs {
            let info = chain.job(*job, None).await.unwrap_or_else(|error| panic!("{error}"));
            open |= !info.is_some_and(|info| is_closed(&info));
        }
        if !open {
            break;
        }
        dave.next_block().await;
    }
    let told = steps.into_iter().filter(|(_, step)| *step == Step::Over).map(|(job, _)| job).collect();
    (closed(chain, &jobs).await, told)
}

#[tokio::test]
async fn a_lying_validator_is_outvoted_and_earns_nothing() {
    let mut network = network::start(|options| {
        for provider in &mut options.providers {
            provider.binary = Some(binary("faulty-node"));
            provider.env.push(("STRIKE_FAULT".into(), "by-prompt".into()));
        }
        for validator in options.validators.iter_mut().filter(|validator| validator.name == DAVE) {
            validator.args = ["--offchain-worker", "never"].map(str::to_owned).into();
        }
    })
    .await;
    let chain = network.connect("alice").await.unwrap_or_else(|error| panic!("{error}"));
    let dave = KeyHolder::new(DAVE, &chain);
    let (beginning, each) = (Beginning::of(&chain).await, jobs_each());

    let mut wanted: VecDeque<(Fault, JobOrder)> = FAULTS
        .into_iter()
        .flat_map(|fault| {
            let asks = (fault == Fault::ValidOnWrong).then_some("other-text");
            orders(asks, each, DEADLINE).into_iter().map(move |order| (fault, order))
        })
        .collect();
    let mut all: Vec<JobInfo> = Vec::new();
    let (most, mut wrong) = (2 * wanted.len(), 0);
    while !wanted.is_empty() {
        assert!(all.len() < most, "of {} lies {} were not told to their end", all.len(), wanted.len());
        let some: Vec<(Fault, JobOrder)> = wanted.drain(..wanted.len().min(AT_ONCE)).collect();
        let some_orders: Vec<JobOrder> = some.iter().map(|(_, order)| order.clone()).collect();
        let jobs = submit_all(&chain, &some_orders, REQUESTER).await;
        let faults: BTreeMap<JobId, Fault> = jobs.iter().copied().zip(some.iter().map(|(fault, _)| *fault)).collect();
        let (infos, told) = lie_about(&chain, &dave, &faults).await;
        for info in &infos {
            assert_outvoted(faults[&info.job], info);
        }
        wrong += faults.values().filter(|fault| **fault == Fault::ValidOnWrong).count();
        all.extend(infos);
        // Some audits may be over before the liar has come to them; those are lied about again.
        wanted.extend(jobs.into_iter().zip(some).filter(|(job, _)| !told.contains(job)).map(|(_, lie)| lie));
    }

    // The provider says that the validator is its own: nothing that it says counts from now on.
    let link = Call { pallet: "Providers", name: "set_linked", args: vec![account(DAVE)].encode() };
    let signer = keys::key_pair(EVE).unwrap_or_else(|error| panic!("{error}"));
    chain.submit(&link, &signer).await.unwrap_or_else(|error| panic!("{error}"));
    let (most, mut met) = (all.len() + 2 * each, 0);
    while met < each {
        assert!(all.len() < most, "only {met} audits were open when the linked validator came to them");
        let jobs = submit_all(&chain, &orders(None, (each - met).min(AT_ONCE), DEADLINE), REQUESTER).await;
        for info in seen_final(&chain, &jobs, |info| info.commitment.is_some()).await {
            met += usize::from(linked_is_refused(&dave, &chain, &info).await);
        }
        for info in closed(&chain, &jobs).await {
            assert!(is_valid(&info), "{info:?}");
            assert_eq!(receipt(&info).verdicts, 3, "{info:?}");
            all.push(info);
        }
    }

    for info in &all {
        let earned = receipt(info).payments.iter().any(|payment| payment.account == dave.account);
        assert!(!earned, "the liar is paid: {info:?}");
    }
    let history = beginning.check(&chain, &all, &[account(REQUESTER), account(EVE)]).await;
    // Only results that were wrong cost the provider anything, and the liar's word did not change what is wrong.
    assert_eq!(history.failures.len(), wrong);
    assert!(history.failures.iter().all(|failure| failure.reason == CloseReason::Invalid));
    eprintln!("{each} jobs for each fault, {} jobs in all", all.len());
    network.stop().await;
}

/// The three that are honest decide, whatever the fourth says.
fn assert_outvoted(fault: Fault, info: &JobInfo) {
    let receipt = receipt(info);
    assert_eq!(receipt.verdicts, 3, "{fault:?}: {receipt:?}");
    if fault == Fault::ValidOnWrong {
        assert_eq!((receipt.reason, receipt.verdict), (CloseReason::Invalid, Some(INVALID)), "{fault:?}: {receipt:?}");
        assert!(receipt.slashed > 0 && paid(receipt, PaymentRole::Compensation) > 0, "{receipt:?}");
    } else {
        assert!(is_valid(info), "{fault:?}: {info:?}");
        assert_eq!(receipt.slashed, 0, "{fault:?}: {receipt:?}");
    }
}

/// The audit is open to three; the fourth has no say. Whether it was still open.
async fn linked_is_refused(dave: &KeyHolder, chain: &Chain, info: &JobInfo) -> bool {
    let JobStatus::Committed { committed_at, eligible, .. } = info.status else { return false };
    assert_eq!(eligible, 3, "{info:?}");
    let commitment = info.commitment.as_ref().expect("it is committed");
    let audit = AuditRef {
        job: info.job,
        attempt: info.attempt,
        commitment: commitment.hash(),
        beacon_block: committed_at + 1,
    };
    let verdict = dave.verdict(&audit, Verdict::Valid { units: commitment.v1().units() });
    let answer = dave.seal(&verdict, &chain.genesis()).await;
    if answer == refused(Refusal::AuditNotOpen) {
        return false;
    }
    assert_eq!(answer, refused(Refusal::NotEligible));
    assert!(dave.to_check().await.iter().all(|duty| duty.audit.job != info.job), "it owes nothing there");
    true
}
