//! How jobs end.

use super::*;
use sp_runtime::Perbill;
use strike_primitives::job::fee;

const VALIDATORS: Perbill = Perbill::from_percent(10);
const BURNED: Perbill = Perbill::from_percent(5);
const LATE: Perbill = Perbill::from_percent(10);
const ATTEMPTS: Attempt = 2;

impl Stage {
    pub fn terms(&self) -> Option<&Terms> {
        match self {
            Stage::Assigned(terms) | Stage::Audited(terms, _) | Stage::Judged(terms, _) => Some(terms),
            Stage::Waiting { .. } | Stage::Closed { .. } => None,
        }
    }

    /// When time alone moves the job.
    fn due(&self) -> Option<BlockNumber> {
        match self {
            Stage::Waiting { until } => Some(until + 1),
            Stage::Assigned(terms) => Some(terms.deadline + 1),
            Stage::Closed { prune_at, .. } => Some(*prune_at),
            Stage::Audited(..) | Stage::Judged(..) => None,
        }
    }
}

impl Reference {
    /// Settlements, deadlines and waiting jobs; which of them comes first goes round.
    pub(super) fn upkeep(&mut self) {
        for step in 0..3 {
            match (self.block + step) % 3 {
                0 => self.settle_all(),
                1 => self.deadlines(),
                _ => self.look_at_waiting(),
            }
        }
    }

    fn deadlines(&mut self) {
        let time = self.time();
        self.demotions.retain(|_, demotion| time <= demotion.until + demotion.period);
        let due = |job: &Job| job.stage.due().filter(|due| *due <= time);
        let mut times: Vec<BlockNumber> = self.jobs.values().filter_map(due).collect();
        times.sort_unstable();
        times.dedup();
        for at in times {
            let jobs = self.jobs.iter().filter(|(_, job)| job.stage.due() == Some(at)).map(|(id, _)| *id);
            for id in Self::in_map_order(jobs) {
                match self.jobs[&id].stage.clone() {
                    Stage::Waiting { .. } => {
                        self.no_longer_waits(id);
                        self.close_unpaid(id, CloseReason::NoProvider);
                    }
                    Stage::Assigned(terms) => self.fail(id, terms, CloseReason::ProviderLate, LATE),
                    Stage::Closed { .. } => {
                        let requester = self.jobs.remove(&id).unwrap().requester;
                        self.give_back(&requester, Purpose::JobDeposit, JOB_DEPOSIT);
                    }
                    Stage::Audited(..) | Stage::Judged(..) => unreachable!("neither has a deadline"),
                }
            }
        }
    }

    fn settle_all(&mut self) {
        for id in std::mem::take(&mut self.to_settle) {
            self.settle(id);
        }
    }

    pub fn settle(&mut self, id: JobId) -> bool {
        let Some(Stage::Judged(terms, outcome)) = self.jobs.get(&id).map(|job| job.stage.clone()) else { return false };
        self.to_settle.retain(|it| *it != id);
        match outcome.verdict {
            Some(Verdict::Valid { units }) => self.settle_valid(id, terms, units, outcome.validators),
            Some(Verdict::Invalid { .. }) => self.fail(id, terms, CloseReason::Invalid, INVALID_PENALTY),
            Some(Verdict::Withheld) => self.fail(id, terms, CloseReason::Withheld, INVALID_PENALTY),
            None => self.fail(id, terms, CloseReason::Undecided, Perbill::zero()),
        }
        true
    }

    fn settle_valid(&mut self, id: JobId, terms: Terms, units: Units, validators: Vec<AccountId>) {
        let job = self.jobs[&id].clone();
        let fee = fee(units.min(job.max_units), terms.price).unwrap();
        let owned = self.models[&job.model].clone();
        let (burned, each) = (BURNED.mul_floor(fee), VALIDATORS.mul_floor(fee) / validators.len() as Balance);
        let royalty = Perbill::from_percent(owned.percent).mul_floor(fee);
        let rest = fee - burned - each * validators.len() as Balance - royalty;
        let mut paid = vec![(terms.provider.clone(), rest), (owned.owner, royalty)];
        paid.extend(validators.into_iter().map(|it| (it, each)));
        paid.retain(|(_, amount)| *amount > 0);

        self.burn(&job.requester, Purpose::Escrow, burned);
        for (account, amount) in &paid {
            self.pay(&job.requester, account, *amount);
        }
        let refunded = job.max_price - fee;
        self.give_back(&job.requester, Purpose::Escrow, refunded);
        self.providers.get_mut(&terms.provider).unwrap().at_risk -= terms.at_risk;
        self.close(id, CloseReason::Settled, Ending { fee, burned, refunded, paid });
    }

    /// The provider loses a share of what it put at risk, the smaller half of that to the requester; the next one
    /// tries.
    pub(super) fn fail(&mut self, id: JobId, terms: Terms, reason: CloseReason, share: Perbill) {
        let requester = self.jobs[&id].requester.clone();
        let lost = share.mul_floor(terms.at_risk);
        // Of what the job could have cost, not of what more stands behind it.
        let most = fee(self.jobs[&id].max_units, terms.price).unwrap();
        let compensated = share.mul_floor(most.min(terms.at_risk)) / 2;
        let burned = lost - compensated;
        self.burn(&terms.provider, Purpose::Bond, burned);
        *self.held_mut(&terms.provider, Purpose::Bond) -= compensated;
        *self.free_mut(&requester) += compensated;
        let record = self.providers.get_mut(&terms.provider).unwrap();
        record.bond -= lost;
        record.at_risk -= terms.at_risk;
        if !share.is_zero() {
            self.demote(&terms.provider);
        }

        let job = self.jobs.get_mut(&id).unwrap();
        job.slashed += burned;
        job.compensated += compensated;
        let next = job.attempt + 1;
        // Not running any more.
        job.stage = Stage::Waiting { until: 0 };
        job.failed.push(terms.provider);
        if next < ATTEMPTS && self.assign(id, next) {
            return;
        }
        self.close_unpaid(id, reason);
    }

    pub(super) fn close_unpaid(&mut self, id: JobId, reason: CloseReason) {
        let (requester, refunded) = (self.jobs[&id].requester.clone(), self.jobs[&id].max_price);
        self.give_back(&requester, Purpose::Escrow, refunded);
        self.close(id, reason, Ending { refunded, ..Ending::default() });
    }

    fn close(&mut self, id: JobId, reason: CloseReason, ending: Ending) {
        let prune_at = self.time() + RETENTION;
        let job = self.jobs.get_mut(&id).unwrap();
        job.stage = Stage::Closed { reason, prune_at };
        job.ending = Some(ending);
    }

    pub fn cancel(&mut self, who: &AccountId, id: JobId) -> bool {
        let waits = |job: &&Job| job.requester == *who && matches!(job.stage, Stage::Waiting { .. });
        if self.jobs.get(&id).filter(waits).is_none() {
            return false;
        }
        self.no_longer_waits(id);
        self.close_unpaid(id, CloseReason::Cancelled);
        true
    }
}
