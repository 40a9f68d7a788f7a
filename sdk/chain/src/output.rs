//! Outputs and inputs, which nodes keep off chain.

use crate::{
    client::Chain,
    error::{Error, Result},
    errors,
};
use strike_primitives::{JobId, H256};
use subxt::rpcs::{self, client::rpc_params};

/// The node's error code for an output that neither it nor a peer has.
const OUTPUT_NOT_HERE: i32 = 7003;
/// JSON-RPC's code for a method that there is not, or that is answered to others only.
const METHOD_NOT_FOUND: i32 = -32601;

/// What a node returns for the output of a job.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
pub struct JobOutput {
    /// The text of a generation, if the node can tell it.
    pub text: Option<String>,
    /// The vectors of an embedding, one for each text.
    pub vectors: Option<Vec<Vec<f32>>>,
}

/// What a node returns for an input that it keeps.
#[derive(serde::Deserialize)]
struct Stored {
    root: H256,
}

impl Chain {
    /// Leaves an input with the node; returns the root that it is kept under.
    pub async fn store_blob(&self, bytes: &[u8]) -> Result<H256> {
        let params = rpc_params![format!("0x{}", hex::encode(bytes))];
        match self.rpc().request::<Stored>("strike_storeBlob", params).await {
            Ok(stored) => Ok(stored.root),
            Err(rpcs::Error::User(error)) if error.code == METHOD_NOT_FOUND => {
                Err(Error::new("UploadRefused", "the node takes no input that is too long to ride in an order")
                    .hint("name a node on this machine: --url; or one whose operator allows it: --rpc-methods unsafe"))
            }
            Err(error) => Err(errors::rpc(error)),
        }
    }

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
