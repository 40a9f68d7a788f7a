//! Fetches that end in a bug.

use super::support::*;
use crate::fetch::prefetch::{Prefetch, PrefetchSources};
use std::sync::Arc;
use strike_blobs::{BlobQuery, BlobSource, FetchError};
use strike_primitives::{
    api::{Duty, ProvideDuty},
    artifact::file_root,
    job::{Input, WorkSpec},
};
use tokio::sync::mpsc;

/// A source with a bug.
struct Broken;

impl BlobSource for Broken {
    fn read(&self, _: &BlobQuery) -> Result<Vec<u8>, FetchError> {
        panic!("planted")
    }
}

#[tokio::test]
async fn a_fetch_that_panics_has_found_nothing_and_is_tried_again() {
    // As in a node: from here on a panic that nobody catches ends the process.
    sp_panic_handler::set("nowhere", "0");
    let WorkSpec::Generate(mut generation) = work("") else { panic!("not a generation") };
    generation.input = Input::Blob { root: file_root(b"far"), length: 3 };
    let work = WorkSpec::Generate(generation);
    let binding = binding(1, &work);
    let duty = Duty::Provide(ProvideDuty { work, binding, ..provide_for(key(), 1, 10, 50) });

    let (_dir, store) = blobs();
    let broken = Arc::new(Broken);
    let (sender, mut ended) = mpsc::unbounded_channel();
    let sources = PrefetchSources { inputs: broken.clone(), outputs: broken, store };
    let mut prefetch = Prefetch::new(sources, 4, 4, sender);
    for best in [12, 14, 18] {
        prefetch.begin(&[&duty], best);
        let fetched = ended.recv().await.unwrap();
        assert!(!prefetch.finished(fetched, best));
        assert!(!prefetch.is_ready(&duty, best));
    }
}
