//! Who there is, and how blocks pass.

use crate::{invariants, runtime::*};
use frame_support::{
    assert_ok,
    traits::{OnFinalize, OnInitialize, OnPoll, OneSessionHandler},
    weights::{Weight, WeightMeter},
};
use sp_core::Pair;
use sp_runtime::{BuildStorage, Perbill};
use std::cell::Cell;
use strike_primitives::{
    app::{proof_of_possession_payload, AppKey, AppPair, AppSignature},
    artifact::{ArtifactId, ArtifactKind},
    job::VerificationClass,
    AccountId, Balance, BlockNumber, Units, H256, TOKEN,
};

/// What everybody has at first.
pub const ENDOWMENT: Balance = 10_000 * TOKEN;
pub const BOND: Balance = 1_000 * TOKEN;
pub const CLASS: VerificationClass = VerificationClass::Statistical;
/// Its owner gets 7 %.
pub const MODEL: ArtifactId = ArtifactId { kind: ArtifactKind::Bundle, root: H256([1; 32]) };
/// Its owner gets nothing.
pub const FREE_MODEL: ArtifactId = ArtifactId { kind: ArtifactKind::Bundle, root: H256([2; 32]) };
/// Per 1,000 units. No multiple of anything, so that every share is rounded.
pub const EVES_PRICE: Balance = 1_000_000_007;
pub const FERDIES_PRICE: Balance = 1_200_000_000;
/// Jobs that an ask takes at once.
pub const CAPACITY: u32 = 2;
pub const MAX_UNITS: Units = 1_000;
/// Units in a block: enough for any deadline.
pub const THROUGHPUT: u32 = 1_001;

/// Somebody with an account and an app key.
#[derive(Clone)]
pub struct Actor {
    pub account: AccountId,
    pub pair: AppPair,
}

impl Actor {
    fn new(seed: u8) -> Self {
        Self { account: AccountId::new([seed; 32]), pair: pair(seed) }
    }

    pub fn key(&self) -> AppKey {
        self.pair.public()
    }

    pub fn signed(&self) -> RuntimeOrigin {
        RuntimeOrigin::signed(self.account.clone())
    }
}

pub fn pair(seed: u8) -> AppPair {
    AppPair::from_seed(&[seed; 32])
}

/// Proof that `account` holds the key of `pair`.
pub fn proof(pair: &AppPair, account: &AccountId) -> AppSignature {
    pair.sign(&proof_of_possession_payload(&System::block_hash(0), account))
}

/// A validator of the first session: 0 to 3.
pub fn validator(index: u8) -> Actor {
    Actor::new(FIRST_VALIDATOR + index)
}

pub fn validators() -> Vec<Actor> {
    (0..4).map(validator).collect()
}

/// The cheaper provider.
pub fn eve() -> Actor {
    Actor::new(20)
}

/// The dearer one.
pub fn ferdie() -> Actor {
    Actor::new(21)
}

/// Could become a provider.
pub fn grace() -> Actor {
    Actor::new(22)
}

/// A requester.
pub fn rita() -> Actor {
    Actor::new(30)
}

/// Another.
pub fn sam() -> Actor {
    Actor::new(31)
}

/// Owns the models.
pub fn olga() -> Actor {
    Actor::new(40)
}

/// Could own them.
pub fn nina() -> Actor {
    Actor::new(41)
}

pub fn everybody() -> Vec<Actor> {
    let mut all = validators();
    all.extend([eve(), ferdie(), grace(), rita(), sam(), olga(), nina()]);
    all
}

thread_local! {
    /// The last block that is final, if finality lags; else it is always the one before the last.
    static STUCK_AT: Cell<Option<BlockNumber>> = const { Cell::new(None) };
}

/// From now on no further block becomes final.
pub fn stop_finality() {
    STUCK_AT.set(Some(STUCK_AT.get().unwrap_or(last_final())));
}

/// From now on blocks become final again, those that waited at once.
pub fn resume_finality() {
    STUCK_AT.set(None);
}

/// The last block that is final: what honest authors report in the next block.
pub fn last_final() -> BlockNumber {
    STUCK_AT.get().unwrap_or(now().saturating_sub(1))
}

/// A provider of the first block, with its bond, the accounts it is linked to and its price.
struct GenesisProvider {
    who: Actor,
    bond: Balance,
    linked: Vec<AccountId>,
    price: Balance,
}

/// Builds the world of a test: four validators, Olga's two models, Eve and Ferdie who serve both, and Rita and Sam
/// who order.
#[derive(Default)]
pub struct ExtBuilder {
    providers: Vec<GenesisProvider>,
    without: Vec<AccountId>,
}

impl ExtBuilder {
    /// A provider in place of Eve and Ferdie.
    pub fn provider(mut self, who: Actor, bond: Balance, linked: &[AccountId], price: Balance) -> Self {
        self.providers.push(GenesisProvider { who, bond, linked: linked.to_vec(), price });
        self
    }

    /// An account that has nothing.
    pub fn without(mut self, who: Actor) -> Self {
        self.without.push(who.account);
        self
    }

    /// Run a test from block 1 on, and check the invariants at its end.
    pub fn run(self, test: impl FnOnce()) {
        resume_finality();
        let mut providers = self.providers;
        if providers.is_empty() {
            let genesis = |who, price| GenesisProvider { who, bond: BOND, linked: Vec::new(), price };
            providers = vec![genesis(eve(), EVES_PRICE), genesis(ferdie(), FERDIES_PRICE)];
        }
        let endowed = everybody().into_iter().map(|actor| actor.account).filter(|it| !self.without.contains(it));
        let royalty = Perbill::from_percent(7);
        let storage = RuntimeGenesisConfig {
            balances: pallet_balances::GenesisConfig {
                balances: endowed.map(|account| (account, ENDOWMENT)).collect(),
                ..Default::default()
            },
            provenance: pallet_provenance::GenesisConfig {
                models: vec![
                    (olga().account, MODEL, "harbour".into(), 4_096, royalty),
                    (olga().account, FREE_MODEL, "meadow".into(), 4_096, Perbill::zero()),
                ],
                ..Default::default()
            },
            providers: pallet_providers::GenesisConfig {
                providers: providers
                    .iter()
                    .map(|it| {
                        let account = it.who.account.clone();
                        (account, it.bond, it.who.key(), vec![MODEL, FREE_MODEL], it.linked.clone())
                    })
                    .collect(),
                ..Default::default()
            },
            market: pallet_market::GenesisConfig {
                asks: providers
                    .iter()
                    .map(|it| (it.who.account.clone(), MODEL, CLASS, it.price, CAPACITY, MAX_UNITS, THROUGHPUT))
                    .collect(),
                ..Default::default()
            },
            ..Default::default()
        }
        .build_storage()
        .unwrap();
        sp_io::TestExternalities::from(storage).execute_with(|| {
            let first: Vec<_> = validators().iter().map(|it| (it.account.clone(), it.key())).collect();
            Verification::on_genesis_session(first.iter().map(|(account, key)| (account, key.clone())));
            invariants::begin();
            next_block();
            test();
            invariants::check();
        });
    }
}

/// Let these validators judge from now on.
pub fn new_session(members: &[Actor]) {
    let members: Vec<_> = members.iter().map(|it| (it.account.clone(), it.key())).collect();
    let of = || members.iter().map(|(account, key)| (account, key.clone()));
    Verification::on_new_session(true, of(), of());
}

pub fn now() -> BlockNumber {
    System::block_number()
}

/// Go on to the next block with all the weight there is.
pub fn next_block() {
    next_block_with(MaxBlock::get());
}

/// Go on to a block with `weight` left for upkeep.
pub fn next_block_with(weight: Weight) {
    AllPalletsWithSystem::on_finalize(now());
    let seen = last_final();
    let number = now() + 1;
    System::set_block_number(number);
    AllPalletsWithSystem::on_initialize(number);
    assert_ok!(Finality::note_final(RuntimeOrigin::none(), seen));
    let mut meter = WeightMeter::with_limit(weight);
    <AllPalletsWithSystem as OnPoll<BlockNumber>>::on_poll(number, &mut meter);
    assert!(meter.consumed().all_lte(weight));
    invariants::check();
}

pub fn run_to(block: BlockNumber) {
    while now() < block {
        next_block();
    }
}

pub fn run_for(blocks: BlockNumber) {
    run_to(now() + blocks);
}
