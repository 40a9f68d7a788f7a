//! Outputs, which nodes keep off chain.

use super::{errors, Chain};
use crate::error::Result;
use strike_primitives::JobId;
use subxt::rpcs::{self, client::rpc_params};

/// The node's error code for an output that neither it nor a peer has.
const OUTPUT_NOT_HERE: i32 = 7003;

/// What a node returns for the output of a job.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
pub struct JobOutput {
    /// The text of a generation, if the node can tell it.
    pub text: Option<String>,
    /// The vectors of an embedding, one for each text.
    pub vectors: Option<Vec<Vec<f32>>>,
}

impl Chain {
    /// A job's output; `None` if neither this node nor a peer that it reaches has it. The job's provider has it, and so has every
    /// validator that checked it.
    pub async fn output(&self, job: JobId) -> Result<Option<JobOutput>> {
        match self.rpc().request::<JobOutput>("strike_output", rpc_params![job]).await {
            Ok(output) => Ok(Some(output)),
            Err(rpcs::Error::User(error)) if error.code == OUTPUT_NOT_HERE => Ok(None),
            Err(error) => Err(errors::rpc(error)),
        }
    }

    /// The text of a generation; `None` if this node does not have it.
    pub async fn text(&self, job: JobId) -> Result<Option<String>> {
        Ok(self.output(job).await?.and_then(|output| output.text))
    }
}
