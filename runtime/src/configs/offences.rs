//! `pallet-offences`: equivocations that validators have been shown to commit.
//!
//! Reports are free, so they are bounded: one of an offender, kind and session, kept for as long as a validator is
//! answerable. The pallet alone would take one of each slot or round, and keep them for ever; and of GRANDPA's rounds
//! nobody checks that there were any.

use crate::{AccountId, Hash, Header, Historical, Offences, Runtime, RuntimeEvent};
use alloc::vec::Vec;
use codec::Encode;
use core::marker::PhantomData;
use frame_support::{ensure, storage_alias, traits::KeyOwnerProofSystem, Blake2_128Concat, Twox64Concat};
use sp_runtime::{
    traits::Hash as _,
    transaction_validity::{InvalidTransaction, TransactionValidityError},
    DispatchError,
};
use sp_session::MembershipProof;
use sp_staking::{
    offence::{Kind, Offence, OffenceError, OffenceReportSystem, ReportOffence},
    SessionIndex,
};

impl pallet_offences::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type IdentificationTuple = pallet_session::historical::IdentificationTuple<Self>;
    // Offences are recorded and seen in events; validators from genesis have no stake that could be slashed.
    type OnOffenceHandler = ();
}

/// A validator as offences name it.
type Identified = (AccountId, ());

/// Who was reported in which session, of what, and in which slot or round that was.
#[storage_alias(verbatim)]
type Reported =
    StorageDoubleMap<OffencesReported, Twox64Concat, SessionIndex, Blake2_128Concat, (Kind, AccountId), Vec<u8>>;

/// Takes one report of an offender, kind and session.
pub struct ReportOnce;

impl<O: Offence<Identified>> ReportOffence<AccountId, Identified, O> for ReportOnce {
    fn report_offence(reporters: Vec<AccountId>, offence: O) -> Result<(), OffenceError> {
        let (session, offenders, slot) = (offence.session_index(), offence.offenders(), offence.slot().encode());
        // Both kinds have one offender.
        let is_new = |offender: &Identified| !Reported::contains_key(session, (O::ID, &offender.0));
        ensure!(offenders.iter().all(is_new), OffenceError::DuplicateReport);
        Offences::report_offence(reporters, offence)?;
        for (offender, ()) in offenders {
            Reported::insert(session, (O::ID, offender), &slot);
        }
        Ok(())
    }

    fn is_known_offence(offenders: &[Identified], slot: &O::Slot) -> bool {
        <Offences as ReportOffence<AccountId, Identified, O>>::is_known_offence(offenders, slot)
    }
}

/// A proof that a validator contradicted itself.
pub trait Contradiction {
    /// The kind of offence that it is.
    const KIND: Kind;
    /// Whose key signed both, if `owner` proves that it is a validator's.
    fn offender(&self, owner: &MembershipProof) -> Option<AccountId>;
}

impl Contradiction for sp_consensus_babe::EquivocationProof<Header> {
    const KIND: Kind = <pallet_babe::EquivocationOffence<Identified> as Offence<Identified>>::ID;

    fn offender(&self, owner: &MembershipProof) -> Option<AccountId> {
        owner_of((sp_consensus_babe::KEY_TYPE, self.offender.clone()), owner)
    }
}

impl Contradiction for sp_consensus_grandpa::EquivocationProof<Hash, crate::BlockNumber> {
    const KIND: Kind = <pallet_grandpa::EquivocationOffence<Identified> as Offence<Identified>>::ID;

    fn offender(&self, owner: &MembershipProof) -> Option<AccountId> {
        owner_of((sp_consensus_grandpa::KEY_TYPE, self.offender().clone()), owner)
    }
}

fn owner_of<Key: AsRef<[u8]>>(key: (sp_core::crypto::KeyTypeId, Key), proof: &MembershipProof) -> Option<AccountId> {
    Historical::check_proof(key, proof.clone()).map(|(account, ())| account)
}

/// A system of reports whose pool takes one report of an offender, kind and session. `System` has to report to
/// [`ReportOnce`].
pub struct OncePerSession<System>(PhantomData<System>);

impl<System, Proof> OffenceReportSystem<Option<AccountId>, (Proof, MembershipProof)> for OncePerSession<System>
where
    System: OffenceReportSystem<Option<AccountId>, (Proof, MembershipProof)>,
    Proof: Contradiction,
{
    type Longevity = System::Longevity;

    fn publish_evidence(evidence: (Proof, MembershipProof)) -> Result<(), ()> {
        System::publish_evidence(evidence)
    }

    fn check_evidence(evidence: (Proof, MembershipProof)) -> Result<(), TransactionValidityError> {
        let (proof, owner) = &evidence;
        let offender = proof.offender(owner).ok_or(InvalidTransaction::BadProof)?;
        ensure!(!Reported::contains_key(owner.session, (Proof::KIND, offender)), InvalidTransaction::Stale);
        System::check_evidence(evidence)
    }

    fn process_evidence(reporter: Option<AccountId>, evidence: (Proof, MembershipProof)) -> Result<(), DispatchError> {
        System::process_evidence(reporter, evidence)
    }
}

/// Forget what was reported of a session whose validators are no longer answerable. At most two reports of each.
pub(crate) fn forget_session(session: SessionIndex) {
    for ((kind, offender), slot) in Reported::drain_prefix(session) {
        // As the pallet names a report.
        let report = <Runtime as frame_system::Config>::Hashing::hash_of(&(kind, &slot, (offender, ())));
        pallet_offences::Reports::<Runtime>::remove(report);
        pallet_offences::ConcurrentReportsIndex::<Runtime>::remove(kind, &slot);
    }
}
