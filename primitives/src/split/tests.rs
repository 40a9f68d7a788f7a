use super::*;
use proptest::{collection::vec, prelude::*};
use sp_core::U256;

const LEVY: Perbill = Perbill::from_percent(5);
const CHECKS: Checks = Checks::every(Perbill::from_percent(10));
const EVERYTHING: Served =
    Served { delegators: true, license: true, leaf: true, app: true, probes: true, canaries: true };
const PLANNED: Given = Given {
    provider: Perbill::from_percent(3),
    leaf: Perbill::from_percent(10),
    app: Perbill::from_percent(15),
    probes: Perbill::from_percent(20),
    canaries: Perbill::from_percent(1),
};
/// Made when this is compiled.
const TODAY: Shares = match Shares::new(LEVY, CHECKS, Given::NOTHING, Served::NOTHING) {
    Ok(shares) => shares,
    Err(_) => panic!("every share has a receiver"),
};

fn plain() -> Sale<'static> {
    Sale {
        units: 1_000,
        price: 1_000,
        license: None,
        app: None,
        kind: WorkKind::Generate,
        royalties: &[],
        leaf: false,
        pool: None,
        validators: &[],
    }
}

fn sum(parts: &Parts) -> U256 {
    let operators = parts.validators.iter().chain([&parts.provider]);
    let earned = operators.flat_map(|earning| [earning.operator, earning.delegators]);
    let others = [parts.burned, parts.license, parts.leaf, parts.app, parts.probes, parts.canaries];
    earned.chain(others).chain(parts.royalties.iter().copied()).fold(U256::zero(), |sum, part| sum + part)
}

#[test]
fn today_a_fee_is_burned_checked_licensed_and_earned_to_the_unit() {
    let royalties = [Perbill::from_percent(7), Perbill::from_percent(3)];
    let sale = Sale { price: 1_003, royalties: &royalties, validators: &[None; 3], ..plain() };
    let parts = split(&TODAY, &sale).unwrap();
    assert_eq!((parts.fee, parts.burned), (1_003, 50));
    assert_eq!(parts.validators, [Earning { operator: 33, delegators: 0 }; 3]);
    assert_eq!(parts.royalties, [70, 30]);
    // 1 of the validators' and all other rounding stays here.
    assert_eq!(parts.provider, Earning { operator: 754, delegators: 0 });
    assert_eq!((parts.license, parts.leaf, parts.app, parts.probes, parts.canaries), (0, 0, 0, 0, 0));
}

#[test]
fn what_nobody_checked_stays_with_the_provider() {
    let parts = split(&TODAY, &plain()).unwrap();
    assert_eq!((parts.burned, parts.provider.operator), (50, 950));
}

#[test]
fn owners_cannot_take_burn_and_checks_away() {
    let all = [Perbill::one(), Perbill::one()];
    let parts = split(&TODAY, &Sale { royalties: &all, validators: &[None; 2], ..plain() }).unwrap();
    assert_eq!((parts.burned, parts.validators[1].operator), (50, 50));
    assert_eq!(parts.royalties, [850, 0]);
    assert_eq!(parts.provider, Earning::default());
}

#[test]
fn a_share_without_a_receiver_is_refused_by_name() {
    let share = Perbill::from_parts(1);
    let refused = |given, served| Shares::new(LEVY, CHECKS, given, served).unwrap_err();
    let none = Given::NOTHING;
    for (role, given) in [
        (Role::Leaf, Given { leaf: share, ..none }),
        (Role::App, Given { app: share, ..none }),
        (Role::Probes, Given { probes: share, ..none }),
        (Role::Canaries, Given { canaries: share, ..none }),
    ] {
        assert_eq!(refused(given, Served::NOTHING), SplitError::NotServed(role));
        assert!(Shares::new(LEVY, CHECKS, given, EVERYTHING).is_ok());
    }
    // The provider is always there.
    assert!(Shares::new(LEVY, CHECKS, Given { provider: share, ..none }, Served::NOTHING).is_ok());
}

#[test]
fn a_sale_of_what_nothing_serves_is_refused_by_name() {
    let pool = Some(Pool { own: 1, delegated: 0, commission: Perbill::zero() });
    for (role, sale) in [
        (Role::Delegators, Sale { pool, ..plain() }),
        (Role::Delegators, Sale { validators: &[None, pool], ..plain() }),
        (Role::License, Sale { license: Some(0), ..plain() }),
        (Role::Leaf, Sale { leaf: true, ..plain() }),
        (Role::App, Sale { app: Some(0), ..plain() }),
    ] {
        assert_eq!(split(&TODAY, &sale), Err(SplitError::NotServed(role)));
    }
}

#[test]
fn shares_keep_more_than_half_of_the_levy_and_something_for_the_provider() {
    let given = |percent| Given { provider: Perbill::from_percent(percent), ..Given::NOTHING };
    assert!(Shares::new(LEVY, CHECKS, given(49), Served::NOTHING).is_ok());
    assert_eq!(Shares::new(LEVY, CHECKS, given(50), Served::NOTHING), Err(SplitError::GivenTooHigh));
    let most = Given { leaf: Perbill::one(), app: Perbill::one(), probes: Perbill::one(), ..given(100) };
    assert_eq!(Shares::new(LEVY, CHECKS, most, EVERYTHING), Err(SplitError::GivenTooHigh));
    let checks = |percent| Checks { generate: Perbill::zero(), embed: Perbill::from_percent(percent) };
    assert!(Shares::new(LEVY, checks(94), Given::NOTHING, Served::NOTHING).is_ok());
    assert_eq!(Shares::new(LEVY, checks(95), Given::NOTHING, Served::NOTHING), Err(SplitError::SharesTooHigh));
}

#[test]
fn each_price_pays_its_own_and_checks_are_paid_on_the_base_price() {
    let checks = Checks { generate: Perbill::from_percent(10), embed: Perbill::from_percent(4) };
    let shares = Shares::new(LEVY, checks, PLANNED, EVERYTHING).unwrap();
    let sale = Sale {
        price: 10_000,
        license: Some(2_000),
        app: Some(1_000),
        kind: WorkKind::Embed,
        royalties: &[Perbill::from_percent(5)],
        leaf: true,
        validators: &[None; 4],
        ..plain()
    };
    let parts = split(&shares, &sale).unwrap();
    // A levy of 650: 19 to the provider, 65 to the leaf, 97 to the application, 130 and 6 to the pots.
    assert_eq!((parts.fee, parts.burned), (13_000, 650 - 19 - 65 - 97 - 130 - 6));
    assert_eq!((parts.leaf, parts.probes, parts.canaries), (65, 130, 6));
    assert_eq!((parts.app, parts.license), (950 + 97, 1_900));
    assert_eq!(parts.validators, [Earning { operator: 100, delegators: 0 }; 4]);
    assert_eq!(parts.royalties, [500]);
    assert_eq!(parts.provider.operator, 13_000 - 650 - 950 - 1_900 - 400 - 500 + 19);

    // Without an application and a matured leaf their parts of the levy burn.
    let parts = split(&shares, &Sale { app: None, leaf: false, ..sale }).unwrap();
    assert_eq!((parts.fee, parts.burned), (12_000, 600 - 18 - 120 - 6));
    assert_eq!((parts.leaf, parts.app), (0, 0));
}

#[test]
fn delegators_share_by_stake_less_the_commission() {
    let shares = Shares::new(LEVY, CHECKS, Given::NOTHING, EVERYTHING).unwrap();
    let pool = |own, delegated, percent| Some(Pool { own, delegated, commission: Perbill::from_percent(percent) });
    let earned = |pool| split(&shares, &Sale { pool, ..plain() }).unwrap().provider;
    assert_eq!(earned(pool(1, 2, 0)), Earning { operator: 317, delegators: 633 });
    // The commission of 126.6 rounds up.
    assert_eq!(earned(pool(1, 2, 20)), Earning { operator: 444, delegators: 506 });
    assert_eq!(earned(pool(1, 2, 100)), Earning { operator: 950, delegators: 0 });
    assert_eq!(earned(pool(0, 0, 0)), Earning { operator: 950, delegators: 0 });
    assert_eq!(earned(pool(0, Balance::MAX, 0)), Earning { operator: 0, delegators: 950 });
    let beyond = Sale { pool: pool(1, Balance::MAX, 0), ..plain() };
    assert_eq!(split(&shares, &beyond), Err(SplitError::Overflow));
}

#[test]
fn the_ends_of_the_numbers_split_or_are_refused() {
    let royalties = [Perbill::from_percent(50), Perbill::one()];
    for (units, price, fits) in [
        (0, 0, true),
        (0, Balance::MAX, true),
        (Units::MAX, 0, true),
        (1, 1, true),
        (1, Balance::MAX, true),
        (2, Balance::MAX, false),
        (Units::MAX, Balance::MAX, false),
        (Units::MAX, Balance::MAX / Balance::from(Units::MAX), true),
    ] {
        let sale = Sale { units, price, royalties: &royalties, validators: &[None; 64], ..plain() };
        match split(&TODAY, &sale) {
            Ok(parts) => {
                assert!(fits, "{units} at {price}");
                assert_eq!(sum(&parts), parts.fee.into());
            }
            Err(error) => assert_eq!((error, fits), (SplitError::Overflow, false), "{units} at {price}"),
        }
    }
}

/// The page of the protocol, word for word, in numbers that do not overflow.
fn reference(shares: &Shares, sale: &Sale) -> Option<Parts> {
    let fits = |number: U256| (number <= Balance::MAX.into()).then(|| number.as_u128());
    let floor = |share: Perbill, amount: Balance| {
        (U256::from(amount) * share.deconstruct() / 1_000_000_000u32).try_into().ok().unwrap_or(Balance::MAX)
    };
    let charge = |price: U256| {
        let whole = U256::from(sale.units) * price;
        fits(whole).map(|whole: Balance| whole / 1_000 + Balance::from(!whole.is_multiple_of(1_000)))
    };
    let (license, app) = (sale.license.unwrap_or(0), sale.app.unwrap_or(0));
    let prices = [U256::from(sale.price), U256::from(sale.price) + license, U256::from(sale.price) + license + app];
    for price in prices {
        fits(price)?;
    }
    let (base, licensed, fee) = (charge(prices[0])?, charge(prices[1])?, charge(prices[2])?);

    let levy = floor(shares.levy, fee);
    let kept = Perbill::from_parts(1_000_000_000 - shares.levy.deconstruct());
    let leaf = if sale.leaf { floor(shares.given.leaf, levy) } else { 0 };
    let given_app = if sale.app.is_some() { floor(shares.given.app, levy) } else { 0 };
    let [bonus, probes, canaries] =
        [shares.given.provider, shares.given.probes, shares.given.canaries].map(|share| floor(share, levy));

    let own_app = floor(kept, fee - licensed);
    let license = floor(kept, licensed - base);
    let count = sale.validators.len() as Balance;
    let share = if sale.kind == WorkKind::Embed { shares.checks.embed } else { shares.checks.generate };
    let each = floor(share, base).checked_div(count).unwrap_or(0);
    let mut rest = fee - levy - own_app - license - count * each;
    let mut royalties = Vec::new();
    for share in sale.royalties {
        let amount = floor(*share, base).min(rest);
        rest -= amount;
        royalties.push(amount);
    }
    let divide = |amount: Balance, pool: &Option<Pool>| -> Option<Earning> {
        let Some(pool) = pool else { return Some(Earning { operator: amount, delegators: 0 }) };
        let all = fits(U256::from(pool.own) + pool.delegated)?;
        if all == 0 {
            return Some(Earning { operator: amount, delegators: 0 });
        }
        let theirs = (U256::from(amount) * U256::from(pool.delegated) / all).as_u128();
        let commission = (U256::from(theirs) * pool.commission.deconstruct() + 999_999_999u32) / 1_000_000_000u32;
        let delegators = theirs - commission.as_u128();
        Some(Earning { operator: amount - delegators, delegators })
    };
    Some(Parts {
        fee,
        burned: levy - leaf - given_app - bonus - probes - canaries,
        provider: divide(rest + bonus, &sale.pool)?,
        validators: sale.validators.iter().map(|pool| divide(each, pool)).collect::<Option<_>>()?,
        royalties,
        license,
        leaf,
        app: own_app + given_app,
        probes,
        canaries,
    })
}

/// Any amount, the ends and small ones more often.
fn amount() -> impl Strategy<Value = Balance> {
    prop_oneof![
        Just(0),
        Just(1),
        Just(Balance::MAX),
        0..10_000u128,
        any::<u64>().prop_map(Balance::from),
        any::<u128>()
    ]
}

fn units() -> impl Strategy<Value = Units> {
    prop_oneof![Just(0), Just(1), Just(Units::MAX), 0..10_000u64, any::<u64>()]
}

fn perbill() -> impl Strategy<Value = Perbill> {
    prop_oneof![
        Just(0),
        Just(1),
        Just(1_000_000_000),
        0..1_000_000_000u32,
        (0..100u32).prop_map(|percent| percent * 10_000_000)
    ]
    .prop_map(Perbill::from_parts)
}

fn any_pool() -> impl Strategy<Value = Option<Pool>> {
    let pool = (amount(), amount(), perbill());
    proptest::option::of(pool.prop_map(|(own, delegated, commission)| Pool { own, delegated, commission }))
}

fn any_shares() -> impl Strategy<Value = Shares> {
    let given = (0..10u32, 0..10u32, 0..10u32, 0..10u32, 0..10u32);
    let parts = (0..400_000_000u32, 0..400_000_000u32, 0..400_000_000u32, given, any::<bool>());
    parts.prop_map(|(levy, generate, embed, (provider, leaf, app, probes, canaries), today)| {
        let [provider, leaf, app, probes, canaries] =
            [provider, leaf, app, probes, canaries].map(Perbill::from_percent);
        let given = Given { provider, leaf, app, probes, canaries };
        let [levy, generate, embed] = [levy, generate, embed].map(Perbill::from_parts);
        match today {
            true => TODAY,
            false => Shares::new(levy, Checks { generate, embed }, given, EVERYTHING).unwrap(),
        }
    })
}

/// A sale that owns its lists.
#[derive(Clone, Debug)]
struct Sold {
    units: Units,
    price: Balance,
    license: Option<Balance>,
    app: Option<Balance>,
    kind: WorkKind,
    royalties: Vec<Perbill>,
    leaf: bool,
    pool: Option<Pool>,
    validators: Vec<Option<Pool>>,
}

impl Sold {
    fn sale(&self) -> Sale<'_> {
        Sale {
            units: self.units,
            price: self.price,
            license: self.license,
            app: self.app,
            kind: self.kind,
            royalties: &self.royalties,
            leaf: self.leaf,
            pool: self.pool,
            validators: &self.validators,
        }
    }

    /// Without what `shares` do not serve.
    fn served_by(mut self, shares: &Shares) -> Self {
        if shares.served == Served::NOTHING {
            (self.license, self.app, self.leaf, self.pool) = (None, None, false, None);
            self.validators.fill(None);
        }
        self
    }
}

fn any_sale() -> impl Strategy<Value = Sold> {
    let prices = (units(), amount(), proptest::option::of(amount()), proptest::option::of(amount()));
    let receivers = (
        vec(perbill(), 0..5),
        any::<bool>(),
        any_pool(),
        vec(any_pool(), 0..6),
        prop::sample::select(vec![WorkKind::Generate, WorkKind::Embed]),
    );
    (prices, receivers).prop_map(|((units, price, license, app), (royalties, leaf, pool, validators, kind))| Sold {
        units,
        price,
        license,
        app,
        kind,
        royalties,
        leaf,
        pool,
        validators,
    })
}

/// Prices and stakes that never overflow.
fn moderate_sale() -> impl Strategy<Value = Sold> {
    let moderate = |amount: Balance| amount % (1 << 60);
    any_sale().prop_map(move |mut sold| {
        (sold.units, sold.price) = (sold.units % (1 << 40), moderate(sold.price));
        (sold.license, sold.app) = (sold.license.map(moderate), sold.app.map(moderate));
        for pool in sold.validators.iter_mut().chain([&mut sold.pool]).flatten() {
            (pool.own, pool.delegated) = (moderate(pool.own), moderate(pool.delegated));
        }
        sold
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    #[test]
    fn every_split_is_that_of_the_page(shares in any_shares(), sold in any_sale()) {
        let sold = sold.served_by(&shares);
        let parts = split(&shares, &sold.sale());
        prop_assert_eq!(parts, reference(&shares, &sold.sale()).ok_or(SplitError::Overflow));
    }

    #[test]
    fn the_parts_are_the_fee_and_nobody_gets_more_than_its_share(shares in any_shares(), sold in moderate_sale()) {
        let sold = sold.served_by(&shares);
        let sale = sold.sale();
        let parts = split(&shares, &sale).unwrap();
        prop_assert_eq!(sum(&parts), parts.fee.into());

        let fee = job::fee(sale.units, sale.price + sale.license.unwrap_or(0) + sale.app.unwrap_or(0)).unwrap();
        let base = job::fee(sale.units, sale.price).unwrap();
        prop_assert_eq!(parts.fee, fee);
        let levy = shares.levy.mul_floor(fee);
        let given = parts.leaf + parts.probes + parts.canaries;
        prop_assert!(parts.burned <= levy && parts.burned + given <= levy);
        // More burns than anybody gets of the levy.
        prop_assert!(2 * parts.burned >= levy);
        let checked: Balance = parts.validators.iter().map(|it| it.operator + it.delegators).sum();
        prop_assert!(checked <= shares.checks.of(sale.kind).mul_floor(base));
        for (royalty, share) in parts.royalties.iter().zip(sale.royalties) {
            prop_assert!(*royalty <= share.mul_floor(base));
        }
        let licensed = job::fee(sale.units, sale.price + sale.license.unwrap_or(0)).unwrap();
        prop_assert!(parts.license <= licensed - base);
        prop_assert!(parts.app <= fee - licensed + shares.given.app.mul_floor(levy));
        prop_assert!(sale.app.is_some() || parts.app == 0);
        prop_assert!(sale.license.is_some() || parts.license == 0);
        prop_assert!(sale.leaf || parts.leaf == 0);
        prop_assert!(sale.pool.is_some() || parts.provider.delegators == 0);
    }

    #[test]
    fn more_units_or_a_higher_price_never_pay_anybody_less(
        shares in any_shares(),
        sold in moderate_sale(),
        units in 0..10_000u64,
        price in 0..10_000u128,
    ) {
        let mut sold = sold.served_by(&shares);
        // Divided between operator and delegators below.
        sold.pool = None;
        sold.validators.fill(None);
        // More than there is for owners would be taken from the last of them.
        sold.royalties.truncate(1);
        sold.royalties.iter_mut().for_each(|share| *share = Perbill::from_parts(share.deconstruct() / 1_000));
        let less = split(&shares, &sold.sale()).unwrap();
        let more = Sold { units: sold.units + units, price: sold.price + price, ..sold.clone() };
        let more = split(&shares, &more.sale()).unwrap();

        prop_assert!(less.fee <= more.fee);
        for (less, more) in [
            (less.leaf, more.leaf),
            (less.probes, more.probes),
            (less.canaries, more.canaries),
        ] {
            prop_assert!(less <= more);
        }
        for (less, more) in less.royalties.iter().zip(&more.royalties) {
            prop_assert!(less <= more);
        }
        for (less, more) in less.validators.iter().zip(&more.validators) {
            prop_assert!(less.operator <= more.operator);
        }
        // What price adds is rounded up as a sum, so a part between two sums is less by a unit at most.
        prop_assert!(less.license <= more.license + 1 && less.app <= more.app + 1);
        // Where others' parts grow by a unit, what is left shrinks by as many: at most one for each part.
        let parts = 8 + less.royalties.len() + less.validators.len();
        prop_assert!(less.provider.operator <= more.provider.operator + parts as Balance);
        prop_assert!(less.burned <= more.burned + 5);
    }

    #[test]
    fn a_greater_pool_or_a_lower_commission_never_pays_delegators_less(
        amount in amount(),
        own in 0..u128::MAX / 4,
        delegated in 0..u128::MAX / 4,
        added in 0..u128::MAX / 4,
        commission in perbill(),
        lower in perbill(),
    ) {
        let pool = Pool { own, delegated, commission };
        let part = pool.part(amount).unwrap();
        prop_assert!(part <= amount);
        let larger = Pool { delegated: delegated + added, ..pool }.part(amount).unwrap();
        prop_assert!(part <= larger);
        let cheaper = Pool { commission: commission.min(lower), ..pool }.part(amount).unwrap();
        prop_assert!(part <= cheaper);
    }
}
