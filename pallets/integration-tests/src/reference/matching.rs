//! Which provider gets which job.

use super::*;
use strike_primitives::job::fee;

/// Most waiting jobs that are looked at in a block.
const MOST_VISITS: usize = 64;

impl Reference {
    /// Jobs that a provider works on for a model.
    fn running(&self, provider: &AccountId, model: ArtifactId) -> u32 {
        let works = |job: &&Job| job.model == model && job.stage.terms().is_some_and(|it| it.provider == *provider);
        self.jobs.values().filter(works).count() as u32
    }

    /// The cheapest ask that can take the job now; of providers that failed lately only if there is no other.
    fn cheapest(&self, job: &Job) -> Option<Terms> {
        let demoted =
            |it: &Terms| self.demotions.get(&it.provider).is_some_and(|demotion| self.time() <= demotion.until);
        let fitting = self.fitting(job);
        fitting.iter().find(|it| !demoted(it)).or(fitting.first()).cloned()
    }

    fn fitting(&self, job: &Job) -> Vec<Terms> {
        let asks = self.asks.get(&job.model).into_iter().flatten();
        let terms = asks.filter_map(|ask| {
            let provider = &ask.provider;
            let most = fee(job.max_units, ask.price)?;
            let at_risk = most.max(MIN_AT_RISK);
            let record = self.providers.get(provider)?;
            let fits = most <= job.max_price
                && job.max_units <= ask.max_units
                && u64::from(job.given) >= u64::from(MIN_DEADLINE) + job.max_units / u64::from(ask.throughput)
                && !job.failed.contains(provider)
                && self.running(provider, job.model) < ask.capacity
                && self.is_active(provider)
                && !self.linked(provider, &job.requester)
                && record.bond - record.at_risk >= at_risk
                && self.eligible(&self.validators, provider).is_some_and(|it| !it.is_empty());
            fits.then(|| Terms {
                provider: provider.clone(),
                price: ask.price,
                at_risk,
                assigned_at: self.block,
                deadline: self.time() + job.given,
            })
        });
        terms.collect()
    }

    /// Whether somebody takes the job, as this attempt.
    pub(super) fn assign(&mut self, id: JobId, attempt: Attempt) -> bool {
        let Some(terms) = self.cheapest(&self.jobs[&id]) else { return false };
        self.providers.get_mut(&terms.provider).unwrap().at_risk += terms.at_risk;
        let job = self.jobs.get_mut(&id).unwrap();
        (job.attempt, job.stage) = (attempt, Stage::Assigned(terms));
        true
    }

    pub fn submit(
        &mut self,
        requester: &AccountId,
        model: ArtifactId,
        max_units: Units,
        max_price: Balance,
        given: BlockNumber,
    ) -> bool {
        if self.free[requester] < max_price + JOB_DEPOSIT + ED {
            return false;
        }
        assert!(self.hold(requester, Purpose::Escrow, max_price));
        assert!(self.hold(requester, Purpose::JobDeposit, JOB_DEPOSIT));
        let (id, until) = (self.next_job, self.time() + given);
        self.next_job += 1;
        let job = Job {
            requester: requester.clone(),
            model,
            max_units,
            max_price,
            given,
            attempt: 0,
            failed: Vec::new(),
            slashed: 0,
            compensated: 0,
            stage: Stage::Waiting { until },
            ending: None,
        };
        self.jobs.insert(id, job);
        if !self.assign(id, 0) {
            if !self.waiting.contains_key(&model) {
                self.turns.push(model);
            }
            self.waiting.entry(model).or_default().jobs.push(id);
        }
        true
    }

    pub(super) fn no_longer_waits(&mut self, id: JobId) {
        let model = self.jobs[&id].model;
        self.waiting.get_mut(&model).unwrap().jobs.retain(|it| *it != id);
    }

    /// Models take turns, one job a turn; the jobs of a model are looked at in laps from the oldest to the youngest.
    pub(super) fn look_at_waiting(&mut self) {
        let waiting: usize = self.waiting.values().map(|it| it.jobs.len()).sum();
        for _ in 0..self.turns.len().max(waiting).min(MOST_VISITS) {
            if self.turns.is_empty() {
                return;
            }
            let model = self.turns.remove(0);
            let list = self.waiting.get_mut(&model).unwrap();
            if list.jobs.is_empty() {
                self.waiting.remove(&model);
                continue;
            }
            let at = list.jobs.iter().position(|id| *id >= list.next).unwrap_or(0);
            let id = list.jobs[at];
            list.next = list.jobs.get(at + 1).copied().unwrap_or(0);
            self.turns.push(model);
            let in_time = matches!(self.jobs[&id].stage, Stage::Waiting { until } if self.time() <= until);
            if in_time && self.assign(id, 0) {
                self.no_longer_waits(id);
            }
        }
    }
}
