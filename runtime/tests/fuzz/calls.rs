//! The fuzz target `calls`: any bytes are a sequence of blocks and transactions, applied to the whole runtime from the genesis of
//! `local_testnet`. Whatever they are, blocks are made, every pallet's state holds and no money appears or is lost without a
//! word. `tests/fuzz_cases.rs` replays corpus and found cases.

mod chain;

use chain::{authorized, genesis, pair_of, sign, submit, Chain};
use codec::{Decode, DecodeLimit, Encode};
use sp_core::{Pair, H256};
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Eve, Ferdie};
use sp_runtime::traits::SaturatedConversion;
use strike_primitives::{
    artifact::output_root,
    commitment::{commit_payload, job_root, Commitment, CommitmentV1, StopReason},
    job::{Generate, Input, JobOrder, JobOrderV1, Sampler, VerificationClass, WorkSpec},
    timing::Timing,
    verdict::{reveal_payload, seal_payload, AssignmentProof, InvalidReason, RevealedVerdict, SealedVerdict, Verdict},
    Attempt, Balance, BlockNumber, JobId,
};
use strike_runtime::{
    constants::currency::STRIKE,
    genesis_config_presets::{built_in_model, MODEL_OWNER},
    Runtime, RuntimeCall, UncheckedExtrinsic, Verification,
};

/// Name of the target, of its corpus and of its found cases.
pub const NAME: &str = "calls";

/// Most steps of one input.
const MAX_STEPS: usize = 256;
/// Most blocks of one input: several lives of jobs.
const MAX_BLOCKS: BlockNumber = 400;
/// How deep a decoded call may nest.
const MAX_DEPTH: u32 = 8;

/// Who signs. Alice has the key of `Sudo`, with which any state can be made.
const SIGNERS: [Sr25519Keyring; 7] = [Bob, Charlie, Dave, Eve, Ferdie, MODEL_OWNER, Alice];
const VALIDATORS: [Sr25519Keyring; 4] = [Alice, Bob, Charlie, Dave];

/// Takes parts off the front of an input; where it is over, zeros.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn short(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    /// So many bytes as the next one says.
    fn part(&mut self) -> &'a [u8] {
        let length = usize::from(self.byte()).min(self.0.len());
        let (part, rest) = self.0.split_at(length);
        self.0 = rest;
        part
    }

    fn call(&mut self) -> Option<RuntimeCall> {
        RuntimeCall::decode_all_with_depth_limit(MAX_DEPTH, &mut self.part()).ok()
    }
}

/// One of the jobs that are kept.
fn job(pick: u8) -> JobId {
    let next = pallet_market::NextJobId::<Runtime>::get();
    JobId::from(pick) % next.max(1)
}

/// An order of the built-in model.
fn order(bytes: &mut Bytes) -> JobOrder {
    let class = if bytes.byte().is_multiple_of(4) { VerificationClass::Statistical } else { VerificationClass::Exact };
    let work = WorkSpec::Generate(Generate {
        input: Input::Plain(bytes.part().to_vec().try_into().unwrap_or_default()),
        sampler: Sampler::GREEDY,
        max_input_tokens: u32::from(bytes.byte()),
        max_output_tokens: u32::from(bytes.short()),
        stop: Default::default(),
    });
    let max_price = STRIKE / 1_000 * Balance::from(bytes.byte()) + Balance::from(bytes.byte());
    JobOrder::V1(JobOrderV1 { work, model: built_in_model(), class, max_price, deadline: u32::from(bytes.byte()) })
}

/// What the job's provider commits to: `lie` changes it after it was bound.
fn commit(id: JobId, output: u8, signer: Sr25519Keyring, attempt: Option<Attempt>, lie: bool) -> bool {
    let Some(binding) = Verification::binding(id) else { return false };
    let exact = pallet_market::Jobs::<Runtime>::get(id).is_some_and(|it| it.service.1 == VerificationClass::Exact);
    let (out_root, stop, n_in) = (output_root(&[u32::from(output)]), StopReason::EndOfText, 1);
    let trace_root = exact.then(|| H256::repeat_byte(output));
    let mut made = CommitmentV1 {
        job_root: job_root(&binding, &out_root, &trace_root, n_in, 1, stop),
        out_root,
        trace_root,
        n_in,
        n_out: 1,
        stop,
    };
    if lie {
        made.n_in += 1;
    }
    let (commitment, attempt) = (Commitment::V1(made), attempt.unwrap_or(binding.attempt));
    let signature = pair_of(signer).sign(&commit_payload(&binding.genesis, id, attempt, &commitment));
    authorized(pallet_verification::Call::commit { job: id, attempt, commitment, signature })
}

/// A verdict on the open audit of a job, as a byte says.
fn revealed(id: JobId, by: Sr25519Keyring, verdict: u8) -> Option<RevealedVerdict> {
    let audit = pallet_verification::OpenAudits::<Runtime>::get(id)?;
    let traced = audit.commitment.v1().trace_root.is_some();
    let verdict = match verdict % 8 {
        0 => Verdict::Invalid { reason: InvalidReason::OutputMismatch },
        1 => Verdict::Withheld,
        2 => Verdict::Valid { units: u64::MAX },
        _ => Verdict::Valid { units: 2 },
    };
    let work_tag = (traced && matches!(verdict, Verdict::Valid { .. })).then(|| H256::repeat_byte(7));
    let reference = audit.reference(id);
    Some(RevealedVerdict { audit: reference, validator: by.to_account_id(), verdict, work_tag, salt: H256::zero() })
}

fn seal(id: JobId, by: Sr25519Keyring, verdict: u8) -> bool {
    let Some(revealed) = revealed(id, by, verdict) else { return false };
    let genesis = Verification::genesis();
    let sealed = SealedVerdict {
        audit: revealed.audit.clone(),
        validator: revealed.validator.clone(),
        assignment: AssignmentProof::All,
        seal: revealed.seal(&genesis),
    };
    let signature = pair_of(by).sign(&seal_payload(&genesis, &sealed));
    authorized(pallet_verification::Call::seal { sealed, signature })
}

fn reveal(id: JobId, by: Sr25519Keyring, verdict: u8) -> bool {
    let Some(revealed) = revealed(id, by, verdict) else { return false };
    let signature = pair_of(by).sign(&reveal_payload(&Verification::genesis(), &revealed));
    authorized(pallet_verification::Call::reveal { revealed, signature })
}

/// Steps by their first byte.
pub mod step {
    pub const BLOCKS: u8 = 0;
    pub const SIGNED: u8 = 1;
    pub const AUTHORIZED: u8 = 2;
    pub const BARE: u8 = 3;
    pub const SUBMIT: u8 = 4;
    pub const COMMIT: u8 = 5;
    pub const SEAL: u8 = 6;
    pub const REVEAL: u8 = 7;
    pub const FINALITY: u8 = 8;
    pub const ASK: u8 = 9;
    pub const RAW: u8 = 10;
    pub const COUNT: u8 = 11;
}

/// Apply an input; how many of its transactions succeeded.
pub fn run(data: &[u8]) -> usize {
    genesis().execute_with(|| {
        let (mut bytes, mut chain, mut succeeded) = (Bytes(data), Chain::begin(), 0);
        for _ in 0..MAX_STEPS {
            if bytes.0.is_empty() {
                break;
            }
            succeeded += usize::from(apply(&mut chain, &mut bytes));
        }
        chain.close();
        chain.check();
        succeeded
    })
}

fn apply(chain: &mut Chain, bytes: &mut Bytes) -> bool {
    let kind = bytes.byte() % step::COUNT;
    match kind {
        step::BLOCKS => {
            let (count, by) = (bytes.byte() % 64 + 1, bytes.byte());
            for at in 0..count {
                if chain.number() >= MAX_BLOCKS {
                    return false;
                }
                chain.close();
                chain.check();
                // Rarely a whole epoch without a block.
                let slots = if by == u8::MAX { Timing::PRODUCTION.slots.into() } else { 1 + u64::from(by) / 64 };
                chain.open(slots, u32::from(by.wrapping_add(at)) % 4);
            }
            true
        }
        step::SIGNED => {
            let who = SIGNERS[usize::from(bytes.byte()) % SIGNERS.len()];
            match bytes.call() {
                // Root makes any state.
                Some(RuntimeCall::Sudo(_)) if who == Alice => false,
                Some(call) => sign(who, call),
                None => false,
            }
        }
        step::AUTHORIZED => bytes.call().is_some_and(authorized),
        step::BARE => bytes.call().is_some_and(|call| submit(UncheckedExtrinsic::new_bare(call))),
        step::SUBMIT => {
            let who = SIGNERS[usize::from(bytes.byte()) % SIGNERS.len()];
            let order = order(bytes);
            sign(who, pallet_market::Call::submit { order }.into())
        }
        step::COMMIT => {
            let (id, how) = (job(bytes.byte()), bytes.byte());
            let signer = if how & 8 == 0 { Eve } else { SIGNERS[usize::from(how >> 4) % SIGNERS.len()] };
            commit(id, how & 3, signer, (how & 64 != 0).then(|| Attempt::from(how & 3)), how & 128 != 0)
        }
        step::SEAL | step::REVEAL => {
            let (id, who, verdicts) = (job(bytes.byte()), bytes.byte(), bytes.short());
            let mut any = false;
            for (at, by) in VALIDATORS.into_iter().enumerate().filter(|(at, _)| who >> at & 1 == 0) {
                let verdict = (verdicts >> (4 * at) & 15) as u8;
                any |= if kind == step::SEAL { seal(id, by, verdict) } else { reveal(id, by, verdict) };
            }
            any
        }
        step::FINALITY => {
            let stands = bytes.byte().is_multiple_of(2);
            chain.stuck_at = stands.then(|| chain.stuck_at.unwrap_or(chain.number().saturating_sub(3)));
            true
        }
        step::ASK => {
            let who = SIGNERS[usize::from(bytes.byte()) % SIGNERS.len()];
            let (price_of, capacity, max_units) = (bytes.short(), bytes.byte(), bytes.short());
            let class = VerificationClass::Exact;
            let price = Balance::from(price_of) * STRIKE / 1_000_000;
            let (model, capacity, max_units) = (built_in_model(), capacity.into(), max_units.into());
            // From nothing to more than any job uses.
            let throughput = u32::from(price_of).rotate_right(8);
            let call = pallet_market::Call::place_ask { model, class, price, capacity, max_units, throughput };
            sign(who, call.into())
        }
        _ => {
            // Whatever it is: the pool answers.
            let transaction = UncheckedExtrinsic::decode(&mut bytes.part());
            transaction.is_ok_and(submit)
        }
    }
}

/// What fuzzing begins with: the lives of jobs, and each kind of step.
pub fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let signed = |who: u8, call: RuntimeCall| {
        let call = call.encode();
        [&[step::SIGNED, who, call.len().saturated_into()], &call[..]].concat()
    };
    let submit = [step::SUBMIT, 4, 1, 4, b'O', b'n', b'c', b'e', 40, 60, 0, 100, 0, 50];
    let (commit, seal, reveal) =
        ([step::COMMIT, 0, 1], [step::SEAL, 0, 0, 0x77, 0x77], [step::REVEAL, 0, 0, 0x77, 0x77]);
    let (two, many) = ([step::BLOCKS, 1, 0], [step::BLOCKS, 60, 0]);
    let invalid = |first: u8| [first, 0, 0, 0, 0];
    let life = [&submit[..], &two, &commit, &two, &seal, &reveal, &two].concat();
    let wrong = [&submit[..], &two, &commit, &two, &invalid(step::SEAL), &invalid(step::REVEAL), &two].concat();
    let late = [&submit[..], &many, &many].concat();
    // Longer than the provider's time in all, and a commitment behind it.
    let lag = [&[step::FINALITY, 0], &submit[..], &many, &[step::FINALITY, 1], &[step::BLOCKS, 20, 0], &commit, &many]
        .concat();
    let transfer = RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
        dest: Bob.to_account_id().into(),
        value: STRIKE,
    });
    let leave = RuntimeCall::Providers(pallet_providers::Call::leave {});
    let leaving = [&submit[..], &signed(3, leave), &two, &commit, &two, &seal, &reveal, &two].concat();
    let bare = transfer.encode();
    let bare = [&[step::BARE, bare.len().saturated_into()], &bare[..]].concat();
    let asks = [step::ASK, 3, 0, 1, 2, 200, 0, step::BLOCKS, 0, u8::MAX, step::RAW, 1, 4].to_vec();
    vec![
        ("settled", life),
        ("invalid", wrong),
        ("late", late),
        ("finality_lags", lag),
        ("provider_leaves", leaving),
        ("transfer", signed(0, transfer)),
        ("bare", bare),
        ("ask", asks),
    ]
}
