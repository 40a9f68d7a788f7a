//! `StrikeApi`: jobs, of which two pallets know a part each.

use crate::{AccountId, Market, Verification};
use strike_primitives::{
    api::{JobInfo, JobPage, JobStatus},
    JobId,
};

/// What the pallets together know of a job.
pub(super) fn job(job: JobId) -> Option<JobInfo> {
    let mut info = Market::job_info(job)?;
    if let Some(audit) = Verification::audit(job) {
        if let JobStatus::Committed { eligible, sealed, revealed, .. } = &mut info.status {
            (*eligible, *sealed, *revealed) = (audit.eligible, audit.sealed, audit.revealed);
        }
        info.commitment = Some(audit.commitment);
    }
    Some(info)
}

/// Up to `limit` of the jobs kept, newest first, below `before`, of one requester or of all.
pub(super) fn jobs(requester: Option<&AccountId>, before: Option<JobId>, limit: u32) -> JobPage {
    let (ids, next) = Market::job_ids(requester, before, limit);
    JobPage { jobs: ids.into_iter().filter_map(job).collect(), next }
}
