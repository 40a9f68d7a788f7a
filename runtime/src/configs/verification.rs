//! `pallet-verification`: commitments, audits, the beacon.

use super::{finality::LAG_LIMIT, market::MAX_DEADLINE, system::RuntimeBlockWeights};
use crate::{
    constants::{hook_shares, time::MINUTES},
    BlockNumber, Finality, Hash, Market, Providers, Runtime, RuntimeCall,
};
use alloc::vec::Vec;
use frame_support::{
    dispatch::DispatchClass,
    parameter_types,
    traits::{ConstU32, ConstU64, Get},
    weights::Weight,
};
use frame_system::{offchain::CreateAuthorizedTransaction, ExtensionsWeightInfo};
use pallet_transaction_payment::WeightInfo as PaymentWeights;
use sp_runtime::{traits::TransactionExtension, Perbill};

/// Blocks validators have for their sealed verdicts.
pub const SEAL_PERIOD: BlockNumber = 2 * MINUTES;
/// Blocks validators have to reveal them.
pub const REVEAL_PERIOD: BlockNumber = MINUTES;

/// Blocks that validators have at least when a majority has sealed: half a minute. A validator publishes what rests on final
/// blocks alone. All see a block final within a block or two of each other, and where all is well it lies four to six behind.
pub const SEAL_GRACE: BlockNumber = MINUTES / 2;

// As for providers: nobody is late before deadlines stand still.
const _: () = assert!(LAG_LIMIT <= SEAL_PERIOD && LAG_LIMIT <= REVEAL_PERIOD);

parameter_types! {
    /// For deadlines of audits.
    pub const HookShare: Perbill = hook_shares::VERIFICATION;
    /// Of the three quarters that transactions may fill, attestations leave more than 45 % of a block to those with fees.
    pub const AttestationShare: Perbill = Perbill::from_percent(29);
}

/// What the transaction of an attestation weighs beside its call and that call's authorization: what every transaction
/// does, and the extensions less what those return that have nothing to do without a signer.
pub struct AttestationOverhead;

impl Get<Weight> for AttestationOverhead {
    fn get() -> Weight {
        // A call without an authorization.
        let call: RuntimeCall = frame_system::Call::<Runtime>::remark { remark: Vec::new() }.into();
        let extension =
            <Runtime as CreateAuthorizedTransaction<pallet_verification::Call<Runtime>>>::create_extension();
        let extensions = TransactionExtension::<RuntimeCall>::weight(&extension, &call);
        let nonce = <Runtime as frame_system::Config>::ExtensionsWeightInfo::check_nonce();
        let payment = <Runtime as pallet_transaction_payment::Config>::WeightInfo::charge_transaction_payment();
        let base = RuntimeBlockWeights::get().get(DispatchClass::Normal).base_extrinsic;
        base.saturating_add(extensions).saturating_sub(nonce).saturating_sub(payment)
    }
}

/// The VRF output of the parent block's author. BABE keeps it from one block's end until the next one's.
pub struct ParentAuthorRandomness;

impl Get<Option<Hash>> for ParentAuthorRandomness {
    fn get() -> Option<Hash> {
        pallet_babe::AuthorVrfRandomness::<Runtime>::get().map(Hash::from)
    }
}

impl pallet_verification::Config for Runtime {
    type Providers = Providers;
    type Assignments = Market;
    type OnVerdict = Market;
    type Clock = Finality;
    type AuthorRandomness = ParentAuthorRandomness;
    type SealPeriod = ConstU32<SEAL_PERIOD>;
    type SealGrace = ConstU32<SEAL_GRACE>;
    type RevealPeriod = ConstU32<REVEAL_PERIOD>;
    type BeaconHistory = ConstU32<{ MAX_DEADLINE + SEAL_PERIOD + REVEAL_PERIOD + MINUTES }>;
    type HookShare = HookShare;
    type AttestationShare = AttestationShare;
    type AttestationOverhead = AttestationOverhead;
    // Above transfers: there are few of them, each is checked by signature, and money waits for them.
    type UnsignedPriority = ConstU64<{ u64::MAX / 2 }>;
    // What a pool took on a view that is gone is lost without a word; what it still has, it refuses to take twice.
    type ResendAfter = ConstU32<2>;
    type WeightInfo = pallet_verification::weights::SubstrateWeight<Runtime>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = crate::benchmarks::Chain;
}
