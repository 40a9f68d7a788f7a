//! Inputs: inline where they fit, and otherwise left with the node and ordered by their root.

use crate::{
    client::Chain,
    error::{Error, Result},
};
use strike_primitives::{
    artifact::file_root,
    job::{Input, JobOrder, MAX_BLOB_INPUT, MAX_PLAIN_INPUT},
};

/// Bytes as the input of an order. `what` names them where they are too long, with a name for the error.
pub(super) fn input(bytes: &[u8], what: &str, name: &'static str) -> Result<Input> {
    let length = bytes.len() as u64;
    if length > MAX_BLOB_INPUT {
        return Err(Error::new(name, format!("{what} has {length} bytes, a job takes {MAX_BLOB_INPUT}"))
            .hint("shorten it, or cut it into several"));
    }
    Ok(match bytes.to_vec().try_into() {
        Ok(plain) => Input::Plain(plain),
        Err(_) => Input::Blob { root: file_root(bytes), length },
    })
}

/// Leaves the input of an order with the node, if it is too long to ride in the order. `bytes` are the prompt's, or
/// [`Embedding::bytes`](crate::Embedding::bytes).
///
/// Fails with `UploadRefused` where the node takes no inputs, and with `UploadDiffers` where it keeps another root.
pub async fn leave(chain: &Chain, order: &JobOrder, bytes: &[u8]) -> Result<()> {
    let JobOrder::V1(order) = order;
    let Input::Blob { root, length } = order.work.input() else { return Ok(()) };
    let stored = chain.store_blob(bytes).await?;
    if stored != *root {
        return Err(Error::new("UploadDiffers", format!("the node keeps the input under another root, {stored:?}"))
            .hint("name another node: --url"));
    }
    chain.progress().tell(format!(
        "left {length} bytes with the node, more than the {MAX_PLAIN_INPUT} that ride in an order; it has to run until the job \
         is done"
    ));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_ride_in_the_order_while_they_fit_and_travel_up_to_a_limit() {
        let of = |length: usize| input(&vec![b'a'; length], "the prompt", "PromptTooLong");
        assert!(matches!(of(4_096).unwrap(), Input::Plain(bytes) if bytes.len() == 4_096));
        let bytes = vec![b'a'; 4_097];
        assert_eq!(of(4_097).unwrap(), Input::Blob { root: file_root(&bytes), length: 4_097 });
        assert!(matches!(of(1 << 20).unwrap(), Input::Blob { length: 1_048_576, .. }));
        let error = of((1 << 20) + 1).unwrap_err();
        assert_eq!(error.name, "PromptTooLong");
        assert!(error.message.contains("1048577") && error.message.contains("1048576"), "{error}");
    }
}
