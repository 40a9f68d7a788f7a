//! Who serves, and asks.

use super::*;

impl Reference {
    pub fn is_active(&self, who: &AccountId) -> bool {
        self.providers.get(who).is_some_and(|it| it.leaves_at.is_none() && it.bond >= MIN_BOND)
    }

    pub fn linked(&self, one: &AccountId, other: &AccountId) -> bool {
        let names = |from: &AccountId, to| self.providers.get(from).is_some_and(|it| it.linked.contains(to));
        one == other || names(one, other) || names(other, one)
    }

    pub fn register(&mut self, who: &AccountId, bond: Balance, key: AppKey, linked: Vec<AccountId>) -> bool {
        let fits = !self.providers.contains_key(who)
            && !self.keys().contains(&key)
            && bond >= MIN_BOND
            && !linked.contains(who)
            && self.hold(who, Purpose::Bond, bond);
        if fits {
            self.providers.insert(who.clone(), Provider { bond, at_risk: 0, key, linked, leaves_at: None });
        }
        fits
    }

    pub fn bond_extra(&mut self, who: &AccountId, amount: Balance) -> bool {
        let fits = self.providers.contains_key(who) && self.hold(who, Purpose::Bond, amount);
        if fits {
            self.providers.get_mut(who).unwrap().bond += amount;
        }
        fits
    }

    pub fn leave(&mut self, who: &AccountId) -> bool {
        let block = self.block;
        let Some(record) = self.providers.get_mut(who).filter(|it| it.leaves_at.is_none()) else { return false };
        record.leaves_at = Some(block + UNBONDING_PERIOD);
        true
    }

    pub fn rejoin(&mut self, who: &AccountId) -> bool {
        let Some(record) = self.providers.get_mut(who).filter(|it| it.leaves_at.is_some()) else { return false };
        record.leaves_at = None;
        true
    }

    pub fn withdraw(&mut self, who: &AccountId) -> bool {
        let Some(record) = self.providers.get(who).cloned() else { return false };
        if record.leaves_at.is_none_or(|at| self.block < at) || record.at_risk > 0 {
            return false;
        }
        self.give_back(who, Purpose::Bond, record.bond);
        self.providers.remove(who);
        true
    }

    /// Links may be added at any time and taken back only while nothing is at risk.
    pub fn link(&mut self, who: &AccountId, linked: Vec<AccountId>) -> bool {
        let Some(record) = self.providers.get_mut(who) else { return false };
        let keeps_all = record.linked.iter().all(|it| linked.contains(it));
        if linked.contains(who) || !(keeps_all || record.at_risk == 0) {
            return false;
        }
        record.linked = linked;
        true
    }

    pub fn rekey(&mut self, who: &AccountId, key: AppKey) -> bool {
        let taken = self.keys().contains(&key);
        let Some(record) = self.providers.get_mut(who).filter(|it| it.at_risk == 0 && !taken) else { return false };
        record.key = key;
        true
    }

    pub fn place_ask(
        &mut self,
        who: &AccountId,
        model: ArtifactId,
        price: Balance,
        capacity: u32,
        max_units: Units,
        throughput: u32,
    ) -> bool {
        if !self.is_active(who) || throughput == 0 {
            return false;
        }
        let ask = Ask { provider: who.clone(), price, capacity, max_units, throughput };
        let asks = self.asks.entry(model).or_default();
        match asks.iter().position(|it| it.provider == *who) {
            // The same price keeps the place.
            Some(at) if asks[at].price == price => asks[at] = ask,
            Some(at) => {
                asks.remove(at);
                let at = asks.iter().take_while(|it| it.price <= price).count();
                asks.insert(at, ask);
            }
            None => {
                if !self.hold(who, Purpose::AskDeposit, ASK_DEPOSIT) {
                    return false;
                }
                let asks = self.asks.entry(model).or_default();
                let at = asks.iter().take_while(|it| it.price <= price).count();
                asks.insert(at, ask);
            }
        }
        true
    }

    pub fn withdraw_ask(&mut self, who: &AccountId, model: ArtifactId) -> bool {
        let asks = self.asks.entry(model).or_default();
        let Some(at) = asks.iter().position(|it| it.provider == *who) else { return false };
        asks.remove(at);
        self.give_back(who, Purpose::AskDeposit, ASK_DEPOSIT);
        true
    }

    /// It failed by its own fault: it comes behind the others, for twice as long if it did so shortly before.
    pub(super) fn demote(&mut self, who: &AccountId) {
        let now = self.time();
        let period = match self.demotions.get(who) {
            Some(last) if now <= last.until => return,
            Some(last) if now <= last.until + last.period => MAX_DEMOTION.min(2 * last.period),
            _ => MIN_DEMOTION,
        };
        self.demotions.insert(who.clone(), Demotion { until: now + period, period });
    }
}
