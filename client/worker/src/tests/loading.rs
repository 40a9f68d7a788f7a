//! Models are loaded beside the runs.

use super::{
    support::*,
    worker::{eventually, World},
};
use crate::{
    engine::execute::{ExecuteError, Executor, Outcome},
    Control,
};
use std::{
    sync::{
        atomic::{AtomicUsize, Ordering},
        Arc,
    },
    time::Duration,
};
use strike_primitives::{
    api::{Duty, ProvideDuty},
    artifact::ArtifactId,
    job::{VerificationClass, WorkSpec},
    H256,
};

/// Loads one model for ever, until it is cancelled; another is there.
struct SlowToLoad {
    loads: AtomicUsize,
    cancelled: AtomicUsize,
}

impl Executor for SlowToLoad {
    fn is_loaded(&self, model: &ArtifactId, _: VerificationClass) -> bool {
        *model == MODEL
    }

    fn load(&self, _: &ArtifactId, _: VerificationClass, control: &Control) -> Result<(), ExecuteError> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        while !control.cancelled.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.cancelled.fetch_add(1, Ordering::SeqCst);
        Err(ExecuteError::Cancelled)
    }

    fn run(
        &self,
        model: &ArtifactId,
        _: VerificationClass,
        _: &WorkSpec,
        _: &H256,
        _: &Control,
    ) -> Result<Outcome, ExecuteError> {
        assert_eq!(*model, MODEL, "the other one is not loaded");
        Ok(outcome())
    }
}

#[tokio::test]
async fn a_model_that_loads_holds_up_nobody_elses_work_and_ends_when_nobody_waits_for_it() {
    let mut world = World::new();
    let slow =
        ProvideDuty { model: ArtifactId { root: H256([8; 32]), ..MODEL }, ..provide_for(world.key.clone(), 1, 9, 20) };
    let (slow, quick) = (Duty::Provide(slow), Duty::Provide(provide_for(world.key.clone(), 2, 9, 50)));
    let executor = Arc::new(SlowToLoad { loads: AtomicUsize::new(0), cancelled: AtomicUsize::new(0) });
    world.says(10, 9, vec![slow.clone(), quick.clone()]);
    let task = world.start(executor.clone());
    eventually("the other one is delivered", || world.delivered(&quick)).await;
    assert_eq!((executor.loads.load(Ordering::SeqCst), executor.cancelled.load(Ordering::SeqCst)), (1, 0));
    assert!(!world.delivered(&slow));
    let next = Duty::Provide(provide_for(world.key.clone(), 3, 10, 60));
    world.says(11, 10, vec![next.clone()]);
    // Whatever is expected, or waited for, has its turn.
    eventually("the next one is delivered", || world.delivered(&next)).await;
    let other =
        ProvideDuty { model: ArtifactId { root: H256([7; 32]), ..MODEL }, ..provide_for(world.key.clone(), 4, 10, 60) };
    world.says(12, 11, vec![Duty::Provide(other)]);
    eventually("the load nobody waits for ends", || executor.cancelled.load(Ordering::SeqCst) == 1).await;
    eventually("the next load begins", || executor.loads.load(Ordering::SeqCst) == 2).await;
    task.abort();
}

#[tokio::test]
async fn a_panic_of_a_load_ends_the_load_alone() {
    struct Broken;
    impl Executor for Broken {
        fn is_loaded(&self, model: &ArtifactId, _: VerificationClass) -> bool {
            *model == MODEL
        }
        fn load(&self, _: &ArtifactId, _: VerificationClass, _: &Control) -> Result<(), ExecuteError> {
            panic!("a load that panics")
        }
        fn run(
            &self,
            model: &ArtifactId,
            _: VerificationClass,
            _: &WorkSpec,
            _: &H256,
            _: &Control,
        ) -> Result<Outcome, ExecuteError> {
            if *model == MODEL {
                Ok(outcome())
            } else {
                Err(ExecuteError::Engine("it cannot be loaded".into()))
            }
        }
    }
    let mut world = World::new();
    let broken =
        ProvideDuty { model: ArtifactId { root: H256([8; 32]), ..MODEL }, ..provide_for(world.key.clone(), 1, 9, 20) };
    let (broken, other) = (Duty::Provide(broken), Duty::Provide(provide_for(world.key.clone(), 2, 9, 50)));
    world.says(10, 9, vec![broken, other.clone()]);
    let task = world.start(Arc::new(Broken));
    eventually("the run says why", || world.metric("strike_failures_total") >= 1.0).await;
    eventually("the other one is delivered", || world.delivered(&other)).await;
    task.abort();
}

#[tokio::test]
async fn what_is_expected_and_cannot_be_loaded_is_not_tried_again_before_a_job_of_it_comes() {
    struct Expecting(AtomicUsize);
    impl Executor for Expecting {
        fn expected(&self) -> Option<(ArtifactId, VerificationClass)> {
            Some((ArtifactId { root: H256([8; 32]), ..MODEL }, CLASS))
        }
        fn is_loaded(&self, model: &ArtifactId, _: VerificationClass) -> bool {
            *model == MODEL
        }
        fn load(&self, _: &ArtifactId, _: VerificationClass, _: &Control) -> Result<(), ExecuteError> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Err(ExecuteError::Engine("damaged".into()))
        }
        fn run(
            &self,
            _: &ArtifactId,
            _: VerificationClass,
            _: &WorkSpec,
            _: &H256,
            _: &Control,
        ) -> Result<Outcome, ExecuteError> {
            Ok(outcome())
        }
    }
    let mut world = World::new();
    let executor = Arc::new(Expecting(AtomicUsize::new(0)));
    world.says(10, 9, vec![]);
    let task = world.start(executor.clone());
    eventually("it is loaded before a job comes", || executor.0.load(Ordering::SeqCst) == 1).await;
    for best in 11..15 {
        let job = Duty::Provide(provide_for(world.key.clone(), u64::from(best), 9, 50));
        world.says(best, 9, vec![job.clone()]);
        eventually("a job of another model is done", || world.delivered(&job)).await;
    }
    assert_eq!(executor.0.load(Ordering::SeqCst), 1);
    task.abort();
}
