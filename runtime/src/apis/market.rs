//! `MarketApi`: what orders cost, of which the market knows its part and the runtime the transaction's.

use crate::{
    configs::transactions::extension, AccountId, Balance, Market, Runtime, RuntimeCall, Signature, TransactionPayment,
    UncheckedExtrinsic,
};
use codec::Encode;
use frame_support::{
    dispatch::{DispatchInfo, GetDispatchInfo},
    weights::Weight,
};
use sp_core::sr25519;
use sp_runtime::generic::Era;
use strike_primitives::{
    api::{Costs, Quote},
    job::JobOrder,
};

/// What an order would cost now.
pub(super) fn quote(order: JobOrder) -> Option<Quote> {
    let quote = Market::quote(&order)?;
    Some(Quote { costs: with_transaction(quote.costs, order), ..quote })
}

/// What an order costs and holds now beside its price.
pub(super) fn costs(order: JobOrder) -> Option<Costs> {
    let costs = Market::costs(&order)?;
    Some(with_transaction(costs, order))
}

fn with_transaction(costs: Costs, order: JobOrder) -> Costs {
    Costs { transaction_fee: costs.transaction_fee.saturating_add(beside_the_call(order)), ..costs }
}

/// What the transaction of an order costs beside its call: its bytes, its extensions and what every transaction costs.
/// A signature is as long whoever signs.
fn beside_the_call(order: JobOrder) -> Balance {
    let call: RuntimeCall = pallet_market::Call::<Runtime>::submit { order }.into();
    let signer = AccountId::new([0; 32]);
    let signature = Signature::Sr25519(sr25519::Signature::default());
    let transaction = UncheckedExtrinsic::new_signed(call, signer.into(), signature, extension(Era::Immortal, 0));
    let length = u32::try_from(transaction.encoded_size()).unwrap_or(u32::MAX);
    let info = DispatchInfo { call_weight: Weight::zero(), ..transaction.get_dispatch_info() };
    TransactionPayment::compute_fee(length, &info, 0)
}
