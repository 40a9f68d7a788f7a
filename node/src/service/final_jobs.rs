//! What the chain says of jobs at a final block: what the blobs of this node are kept for.

use crate::client::FullClient;
use sp_api::ProvideRuntimeApi;
use strike_blobs::{JobBlobs, JobInputs, KeptJobs, Page};
use strike_primitives::{
    api::{JobInfo, StrikeApi},
    job::{Input, JobOrder},
    JobId,
};
use strike_runtime::Hash;

/// The jobs at the block `at`.
pub(super) struct FinalJobs<'a> {
    pub client: &'a FullClient,
    pub at: Hash,
}

impl FinalJobs<'_> {
    fn page<J>(&self, before: Option<JobId>, limit: u32, of: impl Fn(&JobInfo) -> J) -> Result<Page<J>, String> {
        let page = self.client.runtime_api().jobs(self.at, None, before, limit).map_err(|error| error.to_string())?;
        Ok(Page { jobs: page.jobs.iter().map(of).collect(), next: page.next })
    }
}

/// Root of a job's input, if that travels.
fn input(info: &JobInfo) -> Option<Hash> {
    let JobOrder::V1(order) = &info.order;
    match order.work.input() {
        Input::Blob { root, .. } => Some(*root),
        Input::Plain(_) | Input::Encrypted { .. } => None,
    }
}

impl JobInputs for FinalJobs<'_> {
    fn jobs(&self, before: Option<JobId>, limit: u32) -> Result<Page<(JobId, Option<Hash>)>, String> {
        self.page(before, limit, |info| (info.job, input(info)))
    }

    fn is_kept(&self, job: JobId) -> Result<bool, String> {
        let info = self.client.runtime_api().job(self.at, job).map_err(|error| error.to_string())?;
        Ok(info.is_some())
    }
}

impl KeptJobs for FinalJobs<'_> {
    fn kept(&self, before: Option<JobId>, limit: u32) -> Result<Page<JobBlobs>, String> {
        self.page(before, limit, |info| JobBlobs {
            job: info.job,
            input: input(info),
            output: info.commitment.as_ref().map(|commitment| commitment.v1().out_root),
        })
    }
}
