//! A job and its receipt, for tests.

use strike_primitives::{
    artifact::{ArtifactId, ArtifactKind},
    job::{Generate, Input, JobOrder, JobOrderV1, Sampler, VerificationClass, WorkSpec},
    receipt::{CloseReason, Payment, PaymentRole, Receipt},
    verdict::Verdict,
    AccountId, H256,
};

/// An order for a text.
pub(crate) fn order() -> JobOrder {
    JobOrder::V1(JobOrderV1 {
        work: WorkSpec::Generate(Generate {
            input: Input::Plain(b"Once upon a time".to_vec().try_into().unwrap()),
            sampler: Sampler::GREEDY,
            max_input_tokens: 32,
            max_output_tokens: 64,
            stop: Default::default(),
        }),
        model: ArtifactId { kind: ArtifactKind::Bundle, root: H256([7; 32]) },
        class: VerificationClass::Statistical,
        max_price: 5,
        deadline: 50,
    })
}

/// A receipt in which one account is paid twice.
pub(crate) fn receipt() -> Receipt {
    let account = |byte| AccountId::new([byte; 32]);
    let pay = |byte, role, amount| Payment { account: account(byte), role, amount };
    let payments = vec![
        pay(2, PaymentRole::Provider, u128::from(u64::MAX) + 1),
        pay(2, PaymentRole::Royalty, 5),
        pay(3, PaymentRole::Validator, 7),
    ];
    Receipt {
        job: 9,
        attempt: 0,
        reason: CloseReason::Settled,
        requester: account(1),
        provider: Some(account(2)),
        model: ArtifactId { kind: ArtifactKind::Bundle, root: H256([0xab; 32]) },
        class: VerificationClass::Statistical,
        commitment: Some(H256([1; 32])),
        verdict: Some(Verdict::Valid { units: 10 }),
        verdicts: 4,
        units: 10,
        price: 1,
        fee: 12,
        refunded: 88,
        burned: 0,
        slashed: 0,
        upkeep: 6,
        payments: payments.try_into().unwrap(),
        submitted_at: 10,
        closed_at: 21,
    }
}
