//! The off-chain worker: takes results from the node's mailbox, checks them against the chain, signs and submits them.
//!
//! Only the chain says that an attestation is in. Until then it is owed, and submitted again every
//! [`Config::ResendAfter`] blocks. The pool refuses a repetition while it holds the first one (same tags, same
//! priority); that error, like any other, means "later".
//!
//! It walks the index of the mailbox, which names the entries of this node, and asks for the duty of each. So its work
//! is bounded by what this node has done, whatever others owe. Entries that nobody owes any longer are cleared by it.

use crate::{
    types::{Phase, Refusal},
    Call, Config, OpenAudits, Pallet, LOG_TARGET,
};
use alloc::{collections::BTreeSet, vec::Vec};
use codec::Decode;
use frame_support::traits::Get;
use frame_system::offchain::SubmitTransaction;
use sp_application_crypto::RuntimeAppPublic;
use sp_runtime::offchain::storage::{MutateStorageError, StorageRetrievalError, StorageValueRef};
use strike_primitives::{
    api::{CheckDuty, Duty, ProvideDuty},
    app::AppSignature,
    commitment::{commit_payload, AttemptBinding},
    mailbox::{
        commitment_key, sent_key, verdict_key, CommitmentEntry, IndexedEntry, SentNote, VerdictEntry, INDEX_KEY,
        STEP_COMMIT, STEP_REVEAL, STEP_SEAL,
    },
    verdict::{reveal_payload, seal_payload, AssignmentProof, RevealedVerdict, SealedVerdict},
    BlockNumber,
};

/// Blocks from when an entry is no longer owed until it is cleared: a reorganization may make it owed again.
pub(crate) const KEEP_ENTRIES: BlockNumber = 100;

/// The steps that leave a note behind.
const STEPS: [&[u8]; 3] = [STEP_COMMIT, STEP_SEAL, STEP_REVEAL];

/// Why a result was not submitted now. None of these is final.
#[derive(PartialEq, Eq, Debug)]
enum Later {
    /// It is not of this chain's state: another fork's, or damaged.
    DoesNotFit,
    /// It was submitted a short while ago.
    AwaitingInclusion,
    /// Another run of the off-chain worker is at it.
    Locked,
    /// The keystore did not sign.
    NotSigned,
    /// The pool did not take it.
    NotTaken,
}

impl<T: Config> Pallet<T> {
    /// One run, on the state of a new best block. Not guarded by the validator role: providers are often no validators.
    pub(crate) fn work_off_mailbox() {
        let indexed: Vec<IndexedEntry> =
            StorageValueRef::persistent(INDEX_KEY).get().ok().flatten().unwrap_or_default();
        let now = Self::now();
        let mut owed = BTreeSet::new();
        for IndexedEntry { entry, key, kind, job, .. } in &indexed {
            let Some(duty) = Self::duty(key, *kind, *job) else { continue };
            let delivered = match &duty {
                Duty::Provide(duty) if commitment_entry_key(duty) == *entry => {
                    read(entry).map(|found| Self::deliver_commitment(duty, found, entry, now))
                }
                Duty::Check(duty) if verdict_key(&duty.key, &duty.audit, &duty.beacon) == *entry => {
                    read(entry).map(|found| Self::deliver_verdict(duty, found, entry, now))
                }
                // The entry is of another fork or attempt.
                Duty::Provide(_) | Duty::Check(_) => continue,
            };
            owed.insert(entry.clone());
            if let Some(Err(later)) = delivered {
                log::debug!(target: LOG_TARGET, "not submitted at block {now}: {later:?}, {duty:?}");
            }
        }
        Self::tidy_mailbox(&indexed, &owed, now);
    }

    /// Submit what a provider's node found.
    fn deliver_commitment(
        duty: &ProvideDuty,
        entry: CommitmentEntry,
        entry_key: &[u8],
        now: BlockNumber,
    ) -> Result<(), Later> {
        let CommitmentEntry { commitment } = entry;
        let AttemptBinding { genesis, job, attempt, .. } = duty.binding;
        let fits = Self::check_commitment(job, attempt, &commitment).and_then(|_| Self::judges(&duty.binding.provider));
        fits.map_err(|refusal| {
            log::warn!(target: LOG_TARGET, "the result of job {job} does not fit: {refusal:?}");
            Later::DoesNotFit
        })?;
        Self::submit_once(entry_key, STEP_COMMIT, now, || {
            let signature = duty.key.sign(&commit_payload(&genesis, job, attempt, &commitment))?;
            Some((signature.clone(), Call::commit { job, attempt, commitment, signature }))
        })
    }

    /// Submit what a validator's node found: sealed or opened, as the audit's phase asks for.
    fn deliver_verdict(duty: &CheckDuty, entry: VerdictEntry, entry_key: &[u8], now: BlockNumber) -> Result<(), Later> {
        let VerdictEntry { verdict, work_tag, salt } = entry;
        let genesis = duty.binding.genesis;
        let (audit, validator) = (duty.audit.clone(), duty.validator.clone());
        let revealed = RevealedVerdict { audit, validator, verdict, work_tag, salt };
        let step = OpenAudits::<T>::get(duty.audit.job).map(|audit| audit.phase);
        if let Some(Phase::Sealing { .. }) = step {
            let sealed = SealedVerdict {
                audit: duty.audit.clone(),
                validator: duty.validator.clone(),
                assignment: AssignmentProof::All,
                seal: revealed.seal(&genesis),
            };
            return match Self::check_seal(&sealed) {
                // It is in; the next step is due when the others have sealed too.
                Err(Refusal::AlreadySealed) => Ok(()),
                Err(_) => Err(Later::DoesNotFit),
                Ok(_) => Self::submit_once(entry_key, STEP_SEAL, now, || {
                    let signature = duty.key.sign(&seal_payload(&genesis, &sealed))?;
                    Some((signature.clone(), Call::seal { sealed, signature }))
                }),
            };
        }
        Self::check_reveal(&revealed).map_err(|refusal| {
            log::warn!(target: LOG_TARGET, "the verdict on job {} does not fit: {refusal:?}", duty.audit.job);
            Later::DoesNotFit
        })?;
        Self::submit_once(entry_key, STEP_REVEAL, now, || {
            let signature = duty.key.sign(&reveal_payload(&genesis, &revealed))?;
            Some((signature.clone(), Call::reveal { revealed, signature }))
        })
    }

    /// Submit a call unless that was done less than [`Config::ResendAfter`] blocks ago. The note is set first, by
    /// compare-and-set, so that of two runs at once only one submits.
    fn submit_once(
        entry_key: &[u8],
        step: &[u8],
        now: BlockNumber,
        sign: impl FnOnce() -> Option<(AppSignature, Call<T>)>,
    ) -> Result<(), Later> {
        let note_key = sent_key(entry_key, step);
        let mut note = StorageValueRef::persistent(&note_key);
        let mut repeated = false;
        let mut noted = note
            .mutate(|last: Result<Option<SentNote>, StorageRetrievalError>| match last {
                // A note from a height that is yet to come is from a fork that was left.
                Ok(Some(SentNote { at, .. })) if at <= now && now < at.saturating_add(T::ResendAfter::get()) => {
                    Err(Later::AwaitingInclusion)
                }
                Ok(last) => {
                    repeated = last.is_some();
                    Ok(SentNote { at: now, signatures: last.map(|last| last.signatures).unwrap_or_default() })
                }
                Err(StorageRetrievalError::Undecodable) => {
                    repeated = true;
                    Ok(SentNote::in_place_of_unreadable(now))
                }
            })
            .map_err(|error| match error {
                MutateStorageError::ValueFunctionFailed(later) => later,
                MutateStorageError::ConcurrentModification(_) => Later::Locked,
            })?;

        let sent = sign().ok_or(Later::NotSigned).and_then(|(signature, call)| {
            let before = noted.clone();
            // Before it is out: whoever finds it in a block finds it in the note.
            noted.sign(signature);
            note.set(&noted);
            let transaction = T::create_authorized_transaction(call.into());
            SubmitTransaction::<T, Call<T>>::submit_transaction(transaction).map_err(|()| {
                // It never was out, and must not push out what the pool holds.
                note.set(&before);
                Later::NotTaken
            })
        });
        // The pool refuses a repetition while it holds the first one: wait again. A first one that fails has nothing to
        // wait for.
        if sent.is_err() && !repeated {
            note.clear();
        }
        sent
    }

    /// Note from when on entries are not owed, and clear those that have not been for [`KEEP_ENTRIES`] blocks.
    fn tidy_mailbox(indexed: &[IndexedEntry], owed: &BTreeSet<Vec<u8>>, now: BlockNumber) {
        let over_since = |entry: &IndexedEntry| match entry.over_since {
            _ if owed.contains(&entry.entry) => None,
            // A height that is yet to come is of a fork that was left.
            Some(since) => Some(since.min(now)),
            None => Some(now),
        };
        let is_over =
            |entry: &IndexedEntry| over_since(entry).is_some_and(|since| now >= since.saturating_add(KEEP_ENTRIES));
        if indexed.iter().all(|entry| over_since(entry) == entry.over_since && !is_over(entry)) {
            return;
        }
        let known: BTreeSet<&[u8]> = indexed.iter().map(|entry| entry.entry.as_slice()).collect();
        let mut cleared = Vec::new();
        let updated = StorageValueRef::persistent(INDEX_KEY).mutate(
            |entries: Result<Option<Vec<IndexedEntry>>, StorageRetrievalError>| {
                let (mut kept, mut over) = (Vec::new(), Vec::new());
                for mut entry in entries.ok().flatten().unwrap_or_default() {
                    // What came meanwhile has not been looked at.
                    if known.contains(entry.entry.as_slice()) {
                        if is_over(&entry) {
                            over.push(entry);
                            continue;
                        }
                        entry.over_since = over_since(&entry);
                    }
                    kept.push(entry);
                }
                cleared = over;
                Ok::<_, ()>(kept)
            },
        );
        // Where another run changed the index meanwhile, the next block's run does it.
        if updated.is_err() {
            return;
        }
        for IndexedEntry { entry, .. } in cleared {
            StorageValueRef::persistent(&entry).clear();
            for step in STEPS {
                StorageValueRef::persistent(&sent_key(&entry, step)).clear();
            }
        }
    }
}

/// The key of the mailbox entry for a commitment that is owed.
fn commitment_entry_key(duty: &ProvideDuty) -> Vec<u8> {
    let binding = &duty.binding;
    commitment_key(&duty.key, binding.job, binding.attempt, &binding.seed)
}

/// A mailbox entry, if there is one that can be decoded.
fn read<V: Decode>(key: &[u8]) -> Option<V> {
    StorageValueRef::persistent(key).get().unwrap_or_else(|StorageRetrievalError::Undecodable| {
        log::warn!(target: LOG_TARGET, "a mailbox entry cannot be decoded");
        None
    })
}
