//! Upkeep has its share of a block, and no more.

use crate::{constants::hook_shares, metadata_snapshot::metadata};
use codec::Decode;
use sp_runtime::Perbill;
use std::collections::BTreeMap;

#[test]
fn upkeep_takes_at_most_half_of_a_block() {
    let sum: u64 = hook_shares::ALL.iter().map(|(_, share)| u64::from(share.deconstruct())).sum();
    assert!(sum <= hook_shares::MOST.deconstruct().into(), "all shares together are {sum} parts of a billion");
    assert_eq!(hook_shares::MOST, Perbill::from_percent(50));
}

#[test]
fn every_pallet_with_upkeep_has_the_share_of_the_table() {
    let table: BTreeMap<String, Perbill> =
        hook_shares::ALL.into_iter().map(|(pallet, share)| (pallet.to_string(), share)).collect();
    assert_eq!(table.len(), hook_shares::ALL.len(), "a pallet has one share");
    let configured: BTreeMap<String, Perbill> = metadata()
        .pallets
        .into_iter()
        .filter_map(|pallet| {
            let constant = pallet.constants.into_iter().find(|constant| constant.name == "HookShare")?;
            Some((pallet.name, Perbill::decode(&mut &constant.value[..]).expect("a share")))
        })
        .collect();
    assert_eq!(configured, table);
}
