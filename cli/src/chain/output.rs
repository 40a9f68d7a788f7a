//! Outputs, which nodes keep off chain.

use super::{errors, Chain};
use crate::error::Result;
use strike_primitives::JobId;
use subxt::rpcs::{self, client::rpc_params};

/// The node's error code for an output that it does not keep.
const OUTPUT_NOT_HERE: i32 = 7003;

/// What a node returns for the output of a job.
#[derive(Debug, serde::Deserialize)]
struct Output {
    text: Option<String>,
}

impl Chain {
    /// The text of a job's output; `None` if this node does not have it. The job's provider has it, and so has every
    /// validator that checked it.
    pub async fn output(&self, job: JobId) -> Result<Option<String>> {
        match self.rpc().request::<Output>("strike_output", rpc_params![job]).await {
            Ok(output) => Ok(output.text),
            Err(rpcs::Error::User(error)) if error.code == OUTPUT_NOT_HERE => Ok(None),
            Err(error) => Err(errors::rpc(error)),
        }
    }
}
