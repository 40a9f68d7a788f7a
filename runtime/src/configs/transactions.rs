//! How the runtime itself makes transactions, off-chain: bare ones for reports of equivocations, authorized ones for
//! attestations, signed ones for anything that an account's key in the keystore has to stand for.

use crate::{
    AccountId, AccountPublic, Nonce, Runtime, RuntimeCall, Signature, SignedPayload, System, TxExtension,
    UncheckedExtrinsic,
};
use codec::Encode;
use frame_system::offchain::{
    AppCrypto, CreateAuthorizedTransaction, CreateBare, CreateSignedTransaction, CreateTransaction,
    CreateTransactionBase, SigningTypes,
};
use sp_runtime::{generic::Era, traits::StaticLookup};

impl SigningTypes for Runtime {
    type Public = AccountPublic;
    type Signature = Signature;
}

impl<LocalCall> CreateTransactionBase<LocalCall> for Runtime
where
    RuntimeCall: From<LocalCall>,
{
    type Extrinsic = UncheckedExtrinsic;
    type RuntimeCall = RuntimeCall;
}

impl<LocalCall> CreateBare<LocalCall> for Runtime
where
    RuntimeCall: From<LocalCall>,
{
    fn create_bare(call: RuntimeCall) -> UncheckedExtrinsic {
        UncheckedExtrinsic::new_bare(call)
    }
}

impl<LocalCall> CreateTransaction<LocalCall> for Runtime
where
    RuntimeCall: From<LocalCall>,
{
    type Extension = TxExtension;

    fn create_transaction(call: RuntimeCall, extension: TxExtension) -> UncheckedExtrinsic {
        UncheckedExtrinsic::new_transaction(call, extension)
    }
}

impl<LocalCall> CreateAuthorizedTransaction<LocalCall> for Runtime
where
    RuntimeCall: From<LocalCall>,
{
    fn create_extension() -> TxExtension {
        // An authorized call has no account: nonce and payment do not apply, and an immortal era binds it to the chain
        // by its genesis hash. How long it may live is said by the call's own authorization.
        extension(Era::Immortal, 0)
    }
}

impl<LocalCall> CreateSignedTransaction<LocalCall> for Runtime
where
    RuntimeCall: From<LocalCall>,
{
    fn create_signed_transaction<C: AppCrypto<Self::Public, Self::Signature>>(
        call: RuntimeCall,
        public: AccountPublic,
        account: AccountId,
        nonce: Nonce,
    ) -> Option<UncheckedExtrinsic> {
        // The largest power of two within the block hashes that are kept, counted from the parent: that one's hash is
        // known while this block is being built.
        let period =
            super::system::BlockHashCount::get().checked_next_power_of_two().map(|power| power / 2).unwrap_or(2);
        let parent = System::block_number().saturating_sub(1);
        let era = Era::mortal(period.into(), parent.into());

        let payload = SignedPayload::new(call, extension(era, nonce))
            .inspect_err(|error| log::warn!(target: "runtime::transactions", "cannot build a payload: {error:?}"))
            .ok()?;
        let signature = payload.using_encoded(|bytes| C::sign(bytes, public))?;
        let (call, extension, _) = payload.deconstruct();
        let address = <Runtime as frame_system::Config>::Lookup::unlookup(account);
        Some(UncheckedExtrinsic::new_signed(call, address, signature, extension))
    }
}

/// The extension of a transaction that tips nothing and leaves the metadata unchecked.
pub fn extension(era: Era, nonce: Nonce) -> TxExtension {
    (
        frame_system::AuthorizeCall::new(),
        frame_system::CheckNonZeroSender::new(),
        frame_system::CheckSpecVersion::new(),
        frame_system::CheckTxVersion::new(),
        frame_system::CheckGenesis::new(),
        frame_system::CheckMortality::from(era),
        frame_system::CheckNonce::from(nonce),
        frame_system::CheckWeight::new(),
        pallet_transaction_payment::ChargeTransactionPayment::from(0),
        frame_metadata_hash_extension::CheckMetadataHash::new(false),
        frame_system::WeightReclaim::new(),
    )
}
