//! From a commitment to an outcome.

use super::*;

fn same(one: &Verdict, other: &Verdict) -> bool {
    match (one, other) {
        (Verdict::Valid { units }, Verdict::Valid { units: others }) => units == others,
        (Verdict::Invalid { .. }, Verdict::Invalid { .. }) | (Verdict::Withheld, Verdict::Withheld) => true,
        _ => false,
    }
}

impl Audit {
    fn majority(&self) -> usize {
        self.eligible.len() / 2 + 1
    }

    /// What more than half of those who may judge found, and who found it.
    fn outcome(&self) -> Outcome {
        for (_, verdict) in &self.reveals {
            let agree: Vec<_> = self.reveals.iter().filter(|(_, other)| same(verdict, other)).collect();
            if agree.len() >= self.majority() {
                let validators = agree.into_iter().map(|(who, _)| who.clone()).collect();
                return Outcome { verdict: Some(*verdict), validators };
            }
        }
        Outcome { verdict: None, validators: Vec::new() }
    }
}

impl Reference {
    /// Whether the job's attempt takes a commitment that is its own, signed with this key.
    pub fn commit(&mut self, id: JobId, attempt: Attempt, commitment: H256, signer: &AppKey) -> bool {
        let (block, time) = (self.block, self.time());
        let Some(job) = self.jobs.get(&id) else { return false };
        let Stage::Assigned(terms) = job.stage.clone() else { return false };
        let record = &self.providers[&terms.provider];
        if job.attempt != attempt || time > terms.deadline || block < terms.assigned_at + 2 || record.key != *signer {
            return false;
        }
        let Some(eligible) = self.eligible(&self.validators, &terms.provider) else { return false };
        let audit = Audit {
            committed_at: block,
            opened_at: time,
            commitment,
            set: self.validators.clone(),
            eligible,
            revealing: false,
            until: time + job.given.max(SEAL_PERIOD),
            seals: Vec::new(),
            reveals: Vec::new(),
        };
        self.set_audit(id, audit);
        true
    }

    fn set_audit(&mut self, id: JobId, audit: Audit) {
        let job = self.jobs.get_mut(&id).unwrap();
        let terms = job.stage.terms().unwrap().clone();
        job.stage = Stage::Audited(terms, audit);
    }

    fn audit(&self, id: JobId) -> Option<Audit> {
        match &self.jobs.get(&id)?.stage {
            Stage::Audited(_, audit) => Some(audit.clone()),
            _ => None,
        }
    }

    pub fn seal(&mut self, id: JobId, who: &AccountId, verdict: Verdict) -> bool {
        let Some(mut audit) = self.audit(id) else { return false };
        let fits = !audit.revealing
            && self.time() <= audit.until
            && self.block >= audit.committed_at + 2
            && audit.eligible.contains(who)
            && audit.seals.iter().all(|(sealed, _)| sealed != who);
        if !fits {
            return false;
        }
        audit.seals.push((who.clone(), verdict));
        let (sealed, all) = (audit.seals.len(), audit.eligible.len());
        if sealed == audit.majority() {
            let now = self.time();
            audit.until = audit.until.min(now + SEAL_GRACE.max(now - audit.opened_at));
        }
        self.set_audit(id, audit);
        if sealed == all {
            self.end_sealing(id);
        }
        true
    }

    pub fn reveal(&mut self, id: JobId, who: &AccountId, verdict: Verdict) -> bool {
        let Some(mut audit) = self.audit(id) else { return false };
        let fits = audit.revealing
            && self.time() <= audit.until
            && audit.seals.contains(&(who.clone(), verdict))
            && audit.reveals.iter().all(|(revealed, _)| revealed != who);
        if !fits {
            return false;
        }
        audit.reveals.push((who.clone(), verdict));
        let all = audit.reveals.len() == audit.seals.len();
        self.set_audit(id, audit);
        if all {
            self.conclude(id);
        }
        true
    }

    fn end_sealing(&mut self, id: JobId) {
        let mut audit = self.audit(id).unwrap();
        if audit.seals.len() < audit.majority() {
            return self.conclude(id);
        }
        (audit.revealing, audit.until) = (true, self.time() + REVEAL_PERIOD);
        self.set_audit(id, audit);
    }

    fn conclude(&mut self, id: JobId) {
        let outcome = self.audit(id).unwrap().outcome();
        let job = self.jobs.get_mut(&id).unwrap();
        job.stage = Stage::Judged(job.stage.terms().unwrap().clone(), outcome);
        self.to_settle.push(id);
    }

    /// Phases that are over.
    pub(super) fn audits_due(&mut self) {
        let time = self.time();
        let until = |id: &JobId| self.audit(*id).map(|audit| audit.until).filter(|until| *until < time);
        let mut times: Vec<_> = self.jobs.keys().filter_map(until).collect();
        times.sort_unstable();
        times.dedup();
        for at in times {
            let ids: Vec<_> =
                self.jobs.keys().copied().filter(|id| self.audit(*id).is_some_and(|it| it.until == at)).collect();
            for id in Self::in_map_order(ids) {
                if self.audit(id).unwrap().revealing {
                    self.conclude(id);
                } else {
                    self.end_sealing(id);
                }
            }
        }
    }
}
