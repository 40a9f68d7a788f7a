//! Who gets what of a fee: `docs/protocol.md`, "Splitting a fee". One pure function, for jobs and for whatever else is
//! sold.
//!
//! - [`Shares`] are the chain's. They can be made only so that every share has a receiver: see [`Shares::new`].
//! - [`Sale`] is what was sold, at which prices, by whom.
//! - [`split`] gives every unit of the fee to somebody, or burns it.

use crate::{
    job::{self, WorkKind},
    Balance, Units,
};
use alloc::vec::Vec;
use codec::{Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_runtime::{
    helpers_128bit::multiply_by_rational_with_rounding, ArithmeticError, DispatchError, PerThing, Perbill, Rounding,
};

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod vectors;

/// The most of the levy that is given to anybody. More than half burns, so that nobody gains by paying themselves.
pub const MAX_GIVEN: Perbill = Perbill::from_percent(49);

/// A receiver that a chain may lack: each comes with the pallet that serves it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Whose stake stands behind an operator.
    Delegators,
    /// Whose license the work needs.
    License,
    /// The artifact that the work ran: a part of the levy, through its lineage.
    Leaf,
    /// Whose application brought the order.
    App,
    /// The pot that pays for probes.
    Probes,
    /// The pot that pays for canaries.
    Canaries,
}

/// Why shares or a sale are refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SplitError {
    /// Nothing on this chain serves the role, so what it got would be lost: leave its share or price out.
    NotServed(Role),
    /// More than [`MAX_GIVEN`] of the levy would be given away: lower a share.
    GivenTooHigh,
    /// Levy and validators would leave the provider nothing: lower a share.
    SharesTooHigh,
    /// A sum exceeds `u128`: sell fewer units, or at lower prices.
    Overflow,
}

impl From<SplitError> for DispatchError {
    fn from(error: SplitError) -> Self {
        match error {
            SplitError::Overflow => ArithmeticError::Overflow.into(),
            SplitError::NotServed(_) => DispatchError::Other("a part of the fee has no receiver"),
            SplitError::GivenTooHigh => DispatchError::Other("too much of the levy is given away"),
            SplitError::SharesTooHigh => DispatchError::Other("the shares leave the provider nothing"),
        }
    }
}

/// Shares of the base price for the validators that checked the work, by its kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, MaxEncodedLen, TypeInfo)]
pub struct Checks {
    /// Of generations.
    pub generate: Perbill,
    /// Of embeddings.
    pub embed: Perbill,
}

impl Checks {
    /// The same share whatever the work.
    pub const fn every(share: Perbill) -> Self {
        Self { generate: share, embed: share }
    }

    /// The share of work of this kind.
    pub const fn of(&self, kind: WorkKind) -> Perbill {
        match kind {
            WorkKind::Generate => self.generate,
            WorkKind::Embed => self.embed,
        }
    }

    const fn most(&self) -> u32 {
        let (generate, embed) = (self.generate.deconstruct(), self.embed.deconstruct());
        if generate > embed {
            generate
        } else {
            embed
        }
    }
}

/// Shares of the levy that are given instead of burned.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, MaxEncodedLen, TypeInfo)]
pub struct Given {
    /// To the provider.
    pub provider: Perbill,
    /// To the lineage of the artifact that ran.
    pub leaf: Perbill,
    /// To the application that brought the order.
    pub app: Perbill,
    /// To the pot that pays for probes.
    pub probes: Perbill,
    /// To the pot that pays for canaries.
    pub canaries: Perbill,
}

impl Given {
    /// All of the levy burns.
    pub const NOTHING: Self = Self {
        provider: Perbill::zero(),
        leaf: Perbill::zero(),
        app: Perbill::zero(),
        probes: Perbill::zero(),
        canaries: Perbill::zero(),
    };
}

/// Which roles something on the chain serves. Providers, validators and owners of models are always there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, MaxEncodedLen, TypeInfo)]
pub struct Served {
    /// [`Role::Delegators`].
    pub delegators: bool,
    /// [`Role::License`].
    pub license: bool,
    /// [`Role::Leaf`].
    pub leaf: bool,
    /// [`Role::App`].
    pub app: bool,
    /// [`Role::Probes`].
    pub probes: bool,
    /// [`Role::Canaries`].
    pub canaries: bool,
}

impl Served {
    /// None of them.
    pub const NOTHING: Self =
        Self { delegators: false, license: false, leaf: false, app: false, probes: false, canaries: false };

    const fn serves(&self, role: Role) -> bool {
        match role {
            Role::Delegators => self.delegators,
            Role::License => self.license,
            Role::Leaf => self.leaf,
            Role::App => self.app,
            Role::Probes => self.probes,
            Role::Canaries => self.canaries,
        }
    }
}

/// The chain's shares of every fee. No share is without a receiver: [`Shares::new`] is the only way to make them, and
/// it can run when the runtime is compiled.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, MaxEncodedLen, TypeInfo)]
pub struct Shares {
    levy: Perbill,
    checks: Checks,
    given: Given,
    served: Served,
}

impl Shares {
    /// `levy` of the whole fee, of which `given` goes to somebody and the rest burns; `checks` of the base price.
    ///
    /// Errors: [`SplitError::NotServed`] for a share above zero of a role that is not in `served`,
    /// [`SplitError::GivenTooHigh`], [`SplitError::SharesTooHigh`].
    pub const fn new(levy: Perbill, checks: Checks, given: Given, served: Served) -> Result<Self, SplitError> {
        let by_role = [
            (Role::Leaf, given.leaf),
            (Role::App, given.app),
            (Role::Probes, given.probes),
            (Role::Canaries, given.canaries),
        ];
        // In 64 bits no sum of these overflows. `for` is not for constants.
        let (mut sum, mut index) = (given.provider.deconstruct() as u64, 0);
        while index < by_role.len() {
            let (role, share) = by_role[index];
            if share.deconstruct() > 0 && !served.serves(role) {
                return Err(SplitError::NotServed(role));
            }
            sum += share.deconstruct() as u64;
            index += 1;
        }
        if sum > MAX_GIVEN.deconstruct() as u64 {
            return Err(SplitError::GivenTooHigh);
        }
        if levy.deconstruct() as u64 + checks.most() as u64 >= Perbill::one().deconstruct() as u64 {
            return Err(SplitError::SharesTooHigh);
        }
        Ok(Self { levy, checks, given, served })
    }

    /// The share of the fee of which what is not given burns.
    pub const fn levy(&self) -> Perbill {
        self.levy
    }

    /// The validators' shares of the base price.
    pub const fn checks(&self) -> Checks {
        self.checks
    }

    /// The roles that have a receiver.
    pub const fn served(&self) -> Served {
        self.served
    }

    /// What a sale uses must be served.
    fn admit(&self, sale: &Sale) -> Result<(), SplitError> {
        let pooled = sale.pool.is_some() || sale.validators.iter().any(Option::is_some);
        let used = [
            (Role::Delegators, pooled),
            (Role::License, sale.license.is_some()),
            (Role::Leaf, sale.leaf),
            (Role::App, sale.app.is_some()),
        ];
        match used.into_iter().find(|(role, used)| *used && !self.served.serves(*role)) {
            Some((role, _)) => Err(SplitError::NotServed(role)),
            None => Ok(()),
        }
    }
}

/// Stake that shares in what an operator earns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pool {
    /// The operator's own stake.
    pub own: Balance,
    /// What others have put behind the operator.
    pub delegated: Balance,
    /// What the operator keeps of the others' part.
    pub commission: Perbill,
}

impl Pool {
    /// What the others get: by stake, rounded down, less the commission, rounded up. Nothing without stake.
    fn part(&self, amount: Balance) -> Result<Balance, SplitError> {
        let all = self.own.checked_add(self.delegated).ok_or(SplitError::Overflow)?;
        if all == 0 {
            return Ok(0);
        }
        let theirs = multiply_by_rational_with_rounding(amount, self.delegated, all, Rounding::Down)
            .ok_or(SplitError::Overflow)?;
        Ok(theirs.saturating_sub(self.commission.mul_ceil(theirs)))
    }
}

/// What was sold, at which prices, by whom. A price or a pool that is not there has no receiver.
#[derive(Clone, Copy, Debug)]
pub struct Sale<'a> {
    /// What was counted.
    pub units: Units,
    /// The base price per [`crate::UNITS_PER_PRICE`] units: that of the ask.
    pub price: Balance,
    /// What the license adds to it.
    pub license: Option<Balance>,
    /// What the application adds to it.
    pub app: Option<Balance>,
    /// What kind of work it was.
    pub kind: WorkKind,
    /// The owners' shares of the base price.
    pub royalties: &'a [Perbill],
    /// Whether the artifact that ran is entitled to a part of the levy.
    pub leaf: bool,
    /// Who shares in what the provider earns.
    pub pool: Option<Pool>,
    /// The validators that are paid, each with who shares in what it earns.
    pub validators: &'a [Option<Pool>],
}

/// What an operator earned, divided.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Earning {
    /// The operator's own.
    pub operator: Balance,
    /// The delegators'.
    pub delegators: Balance,
}

impl Earning {
    fn of(amount: Balance, pool: Option<Pool>) -> Result<Self, SplitError> {
        let delegators = pool.map_or(Ok(0), |pool| pool.part(amount))?;
        Ok(Self { operator: amount.saturating_sub(delegators), delegators })
    }
}

/// A fee, given out. Everything but `fee` itself adds up to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parts {
    /// All of it.
    pub fee: Balance,
    /// What nobody gets.
    pub burned: Balance,
    /// For the work, with whatever rounding leaves.
    pub provider: Earning,
    /// For each validator, in the sale's order.
    pub validators: Vec<Earning>,
    /// For each owner, in the sale's order.
    pub royalties: Vec<Balance>,
    /// For the license.
    pub license: Balance,
    /// For the lineage of the artifact that ran.
    pub leaf: Balance,
    /// For the application.
    pub app: Balance,
    /// For the pot of probes.
    pub probes: Balance,
    /// For the pot of canaries.
    pub canaries: Balance,
}

/// What each price makes of the units. Rounded up as sums, so that they add up to the fee.
struct Charges {
    base: Balance,
    license: Balance,
    app: Balance,
    fee: Balance,
}

impl Charges {
    fn of(sale: &Sale) -> Result<Self, SplitError> {
        let charge = |price: Option<Balance>| price.and_then(|price| job::fee(sale.units, price));
        let licensed = sale.price.checked_add(sale.license.unwrap_or(0));
        let gross = licensed.and_then(|price| price.checked_add(sale.app.unwrap_or(0)));
        let (Some(base), Some(licensed), Some(fee)) = (charge(Some(sale.price)), charge(licensed), charge(gross))
        else {
            return Err(SplitError::Overflow);
        };
        // Higher prices never charge less.
        Ok(Self { base, license: licensed.saturating_sub(base), app: fee.saturating_sub(licensed), fee })
    }
}

/// Split what a sale costs.
///
/// Levy and validators come before royalties, so that no set of owners' shares can take them away. Every share is
/// rounded down; what rounding leaves stays with the provider, or, of the levy, burns.
///
/// Errors: [`SplitError::NotServed`] where the sale has a price or a pool that nothing on this chain serves,
/// [`SplitError::Overflow`].
pub fn split(shares: &Shares, sale: &Sale) -> Result<Parts, SplitError> {
    shares.admit(sale)?;
    let charges = Charges::of(sale)?;
    let levy = shares.levy.mul_floor(charges.fee);
    let mut burned = levy;
    let mut give = |entitled: bool, share: Perbill| {
        let amount = if entitled { share.mul_floor(levy) } else { 0 };
        burned = burned.saturating_sub(amount);
        amount
    };
    let Given { provider, leaf, app, probes, canaries } = shares.given;
    let (bonus, leaf, given_app) = (give(true, provider), give(sale.leaf, leaf), give(sale.app.is_some(), app));
    let (probes, canaries) = (give(true, probes), give(true, canaries));

    let mut left = charges.fee.saturating_sub(levy);
    let mut take = |amount: Balance| {
        let amount = amount.min(left);
        left = left.saturating_sub(amount);
        amount
    };
    // These two bear their own part of the levy.
    let kept = shares.levy.left_from_one();
    let app = take(kept.mul_floor(charges.app));
    let license = take(kept.mul_floor(charges.license));
    let checked = shares.checks.of(sale.kind).mul_floor(charges.base);
    let each = checked.checked_div(sale.validators.len() as Balance).unwrap_or(0);
    let validators = sale.validators.iter().map(|pool| Earning::of(take(each), *pool)).collect::<Result<_, _>>()?;
    let royalties = sale.royalties.iter().map(|share| take(share.mul_floor(charges.base))).collect();

    Ok(Parts {
        fee: charges.fee,
        burned,
        provider: Earning::of(left.saturating_add(bonus), sale.pool)?,
        validators,
        royalties,
        license,
        leaf,
        app: app.saturating_add(given_app),
        probes,
        canaries,
    })
}
