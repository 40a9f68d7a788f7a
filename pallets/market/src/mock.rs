//! A runtime of the market alone, with fakes of the other pallets.

use crate::{self as pallet_market, weights::SubstrateWeight};
use alloc::collections::BTreeMap;
use frame_support::{
    derive_impl, parameter_types,
    traits::{fungible::Inspect, BuildGenesisConfig, ConstU128, ConstU16, ConstU32, ConstU64, Hooks},
    weights::{constants::RocksDbWeight, Weight, WeightMeter, WeightToFee},
};
pub use pallet_fakes::*;
use sp_core::H256;
use sp_runtime::{
    traits::{Convert, IdentityLookup},
    BuildStorage, DispatchResult, Perbill,
};
use strike_primitives::{
    artifact::{ArtifactId, ArtifactKind},
    embedding::encode_texts,
    job::{Embed, Generate, Input, JobOrder, JobOrderV1, Sampler, VerificationClass, WorkSpec},
    split,
    traits::AuditOutcome,
    verdict::{InvalidReason, Verdict},
    AccountId, Balance, BlockNumber, JobId, Units,
};

pub const ED: Balance = 100;
pub const UNIT: Balance = 1_000_000;
/// What everybody has at first.
pub const ENDOWMENT: Balance = 1_000 * UNIT;
pub const BOND: Balance = 100 * UNIT;
pub const ASK_DEPOSIT: Balance = 5_000;
pub const JOB_DEPOSIT: Balance = 3_000;
pub const RETENTION: BlockNumber = 20;
pub const FINAL_AFTER: BlockNumber = 3;
/// Most picoseconds of attestations.
pub const LOAD_LIMIT: u64 = 10_000_000;
pub const MIN_DEMOTION: BlockNumber = 15;
/// Units in a block: enough for any deadline.
pub const THROUGHPUT: u32 = 1_001;
/// Units of [`order`]: 40 in, 60 out.
pub const UNITS: Units = 100;

pub const CLASS: VerificationClass = VerificationClass::Statistical;
pub const MODEL: ArtifactId = ArtifactId { kind: ArtifactKind::Bundle, root: H256([1; 32]) };
pub const OTHER_MODEL: ArtifactId = ArtifactId { kind: ArtifactKind::Bundle, root: H256([2; 32]) };

pub fn account(n: u8) -> AccountId {
    AccountId::new([n; 32])
}

pub fn requester() -> AccountId {
    account(1)
}
/// Providers of the tests, with a bond each.
pub fn provider(n: u8) -> AccountId {
    account(10 + n)
}
pub fn validator(n: u8) -> AccountId {
    account(20 + n)
}
/// The model's owner.
pub fn owner() -> AccountId {
    account(30)
}

type Block = frame_system::mocking::MockBlock<Test>;

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Balances: pallet_balances,
        Market: pallet_market,
    }
);

/// 5 % burns, validators get 10 %.
const FEE_SHARES: split::Shares = match split::Shares::new(
    Perbill::from_percent(5),
    split::Checks::every(Perbill::from_percent(10)),
    split::Given::NOTHING,
    split::Served::NOTHING,
) {
    Ok(shares) => shares,
    Err(_) => panic!("every share has a receiver"),
};

parameter_types! {
    pub BlockWeights: frame_system::limits::BlockWeights =
        frame_system::limits::BlockWeights::simple_max(Weight::from_parts(2_000_000_000_000, u64::MAX));
    pub const FeeShares: split::Shares = FEE_SHARES;
    pub LatePenalty: Perbill = Perbill::from_percent(20);
    pub InvalidPenalty: Perbill = Perbill::from_percent(50);
    pub HookShare: Perbill = Perbill::from_percent(25);

    pub storage MinAtRisk: Balance = 1;
    pub storage VisitEvery: BlockNumber = 1;
    /// For a thousand picoseconds of weight, and for ten bytes of a job.
    pub storage WeightPrice: Balance = 0;
    pub storage BytePrice: Balance = 0;
}

/// [`WeightPrice`] for every thousand picoseconds.
pub struct Priced;

impl WeightToFee for Priced {
    type Balance = Balance;

    fn weight_to_fee(weight: &Weight) -> Balance {
        Balance::from(weight.ref_time()) / 1_000 * WeightPrice::get()
    }
}

/// [`JOB_DEPOSIT`], and [`BytePrice`] for every ten bytes.
pub struct JobDeposit;

impl Convert<u32, Balance> for JobDeposit {
    fn convert(bytes: u32) -> Balance {
        JOB_DEPOSIT + Balance::from(bytes) / 10 * BytePrice::get()
    }
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type AccountId = AccountId;
    type Lookup = IdentityLookup<AccountId>;
    type AccountData = pallet_balances::AccountData<Balance>;
    type BlockWeights = BlockWeights;
    type DbWeight = RocksDbWeight;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type Balance = Balance;
    type AccountStore = System;
    type ExistentialDeposit = ConstU128<ED>;
}

impl pallet_market::Config for Test {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type Providers = FakeRegistry;
    type Bonds = FakeBonds<Balances>;
    type Artifacts = FakeProvenance;
    type Royalties = FakeProvenance;
    type Audits = FakeAudits;
    type Clock = FakeClock<Test>;
    type Payouts = FakePayouts<Balances>;
    type MaxAsksPerModel = ConstU32<4>;
    type MaxAsksPerProvider = ConstU32<2>;
    type MaxCapacity = ConstU32<8>;
    type MaxPending = ConstU32<5>;
    type MaxMatches = ConstU32<4>;
    type VisitEvery = VisitEvery;
    type MinDeadline = ConstU32<2>;
    type MaxDeadline = ConstU32<100>;
    type MaxAttempts = ConstU16<2>;
    type MinPrice = ConstU128<10>;
    type MinAskPrice = ConstU128<10>;
    type MinAtRisk = MinAtRisk;
    type MinDemotion = ConstU32<MIN_DEMOTION>;
    type MaxDemotion = ConstU32<{ 4 * MIN_DEMOTION }>;
    type FeeShares = FeeShares;
    type LatePenalty = LatePenalty;
    type InvalidPenalty = InvalidPenalty;
    type JobDeposit = JobDeposit;
    type AskDeposit = ConstU128<ASK_DEPOSIT>;
    type WeightToFee = Priced;
    type LoadLimit = ConstU64<LOAD_LIMIT>;
    type Retention = ConstU32<RETENTION>;
    type FinalAfter = ConstU32<FINAL_AFTER>;
    type HookShare = HookShare;
    type WeightInfo = SubstrateWeight<Test>;
}

/// Finality lags for so many blocks.
pub fn stand_still_for(blocks: BlockNumber) {
    FakeClock::<Test>::stand_still(|| run_to(u64::from(now() + blocks)));
}

/// Builds the world of a test: three providers that serve both models, a requester, validators and the model's owner.
#[derive(Default)]
pub struct ExtBuilder {
    asks: Vec<(AccountId, ArtifactId, VerificationClass, Balance, u32, Units, u32)>,
    without: Vec<AccountId>,
}

impl ExtBuilder {
    /// An ask for [`MODEL`] with up to 1,000 units a job.
    pub fn ask(mut self, who: AccountId, price: Balance, capacity: u32) -> Self {
        self.asks.push((who, MODEL, CLASS, price, capacity, 1_000, THROUGHPUT));
        self
    }

    /// An account that has nothing.
    pub fn without(mut self, who: AccountId) -> Self {
        self.without.push(who);
        self
    }

    /// Run the test, and check the state and the money after it.
    pub fn run(self, test: impl FnOnce()) {
        let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
        let providers = [provider(1), provider(2), provider(3)];
        let people = [requester(), account(2), owner(), validator(1), validator(2), validator(3)];
        let balances = providers
            .iter()
            .chain(&people)
            .filter(|who| !self.without.contains(who))
            .map(|who| (who.clone(), ENDOWMENT))
            .chain([(vault(), ED + 3 * BOND), (till(), ED)])
            .collect();
        pallet_balances::GenesisConfig::<Test> { balances, ..Default::default() }
            .assimilate_storage(&mut storage)
            .unwrap();
        let mut ext = sp_io::TestExternalities::from(storage);
        ext.execute_with(|| {
            System::set_block_number(1);
            BondsOf::set(providers.iter().map(|who| (who.clone(), (BOND, 0))).collect());
            Served::set(providers.iter().flat_map(|who| [(who.clone(), MODEL), (who.clone(), OTHER_MODEL)]).collect());
            Models::set([MODEL, OTHER_MODEL].into());
            pallet_market::GenesisConfig::<Test> { asks: self.asks, ..Default::default() }.build();
            Market::on_poll(1, &mut WeightMeter::new());
            test();
            check();
        });
    }
}

/// The pallet's invariants, and that what is reserved of bonds is what jobs have at risk.
pub fn check() {
    Market::do_try_state().unwrap();
    let mut reserved: BTreeMap<AccountId, Balance> = BTreeMap::new();
    for job in crate::Jobs::<Test>::iter_values() {
        if let Some(assignment) = job.assignment() {
            *reserved.entry(assignment.provider.clone()).or_default() += assignment.at_risk;
        }
    }
    for (provider, (bond, at_risk)) in BondsOf::get() {
        assert!(at_risk <= bond);
        // With `ReleaseFails` the table keeps what the market wanted to release.
        if !ReleaseFails::get() {
            assert_eq!(at_risk, reserved.get(&provider).copied().unwrap_or(0), "{provider:?}");
        }
    }
    assert!(Kept::get().values().sum::<Balance>() <= Balances::total_balance(&till()), "what is kept is there");
    let bonds: Balance = BondsOf::get().values().map(|(bond, _)| bond).sum();
    assert_eq!(Balances::total_balance(&vault()), bonds + ED);
    let total: Balance =
        frame_system::Account::<Test>::iter_values().map(|who| who.data.free + who.data.reserved).sum();
    assert_eq!(total, Balances::total_issuance());
}

/// Go on to the next block with all the weight there is.
pub fn next_block() {
    next_block_with(&mut WeightMeter::new());
}

pub fn next_block_with(meter: &mut WeightMeter) {
    let next = System::block_number() + 1;
    System::set_block_number(next);
    Market::on_poll(next, meter);
}

pub fn run_to(height: u64) {
    while System::block_number() < height {
        next_block();
    }
}

pub fn now() -> BlockNumber {
    System::block_number() as BlockNumber
}

pub fn place_ask(who: AccountId, price: Balance, capacity: u32) {
    let who = RuntimeOrigin::signed(who);
    frame_support::assert_ok!(Market::place_ask(who, MODEL, CLASS, price, capacity, 1_000, THROUGHPUT));
}

/// An order for [`UNITS`] with ten blocks' time.
pub fn order(max_price: Balance) -> JobOrderV1 {
    JobOrderV1 {
        work: WorkSpec::Generate(Generate {
            input: Input::Plain(b"Once upon a time".to_vec().try_into().unwrap()),
            sampler: Sampler::GREEDY,
            max_input_tokens: 40,
            max_output_tokens: 60,
            stop: Default::default(),
        }),
        model: MODEL,
        class: CLASS,
        max_price,
        deadline: 10,
    }
}

/// An order to embed two texts, of [`CLASS`].
pub fn embedding(max_input_tokens: u32) -> JobOrderV1 {
    let input = Input::Plain(encode_texts(&["Once upon", "a time"]).try_into().unwrap());
    JobOrderV1 { work: WorkSpec::Embed(Embed { input, max_input_tokens }), ..order(10_000) }
}

/// Submit [`order`] as the requester.
pub fn submit(max_price: Balance) -> JobId {
    let id = crate::NextJobId::<Test>::get();
    frame_support::assert_ok!(Market::submit(RuntimeOrigin::signed(requester()), JobOrder::V1(order(max_price))));
    id
}

/// Pay out what is kept for an account.
pub fn claim(who: &AccountId) -> DispatchResult {
    FakePayouts::<Balances>::claim(who)
}

pub fn outcome(verdict: Option<Verdict>, validators: &[AccountId]) -> AuditOutcome {
    AuditOutcome { verdict, commitment: H256([7; 32]), validators: validators.to_vec().try_into().unwrap() }
}

pub fn valid(units: Units) -> Option<Verdict> {
    Some(Verdict::Valid { units })
}

pub fn invalid() -> Option<Verdict> {
    Some(Verdict::Invalid { reason: InvalidReason::OutputMismatch })
}

pub fn free(who: &AccountId) -> Balance {
    Balances::balance(who)
}

pub fn events() -> Vec<crate::Event<Test>> {
    System::events()
        .into_iter()
        .filter_map(|record| match record.event {
            RuntimeEvent::Market(event) => Some(event),
            _ => None,
        })
        .collect()
}
