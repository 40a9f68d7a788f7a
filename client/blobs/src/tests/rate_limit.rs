use crate::{
    serve::rate_limit::{Exceeded, RateLimiter},
    Quota,
};
use std::time::{Duration, Instant};

const EACH: Quota = Quota { burst: 100, per_second: 10 };
const ALL: Quota = Quota { burst: 250, per_second: 20 };

fn meter(now: Instant) -> RateLimiter<u32> {
    RateLimiter::new(EACH, ALL, 3, now)
}

#[test]
fn a_peer_gets_its_burst_and_then_its_rate() {
    let start = Instant::now();
    let mut meter = meter(start);
    let after = |seconds| start + Duration::from_secs(seconds);
    assert_eq!(meter.take(&1, 60, start), Ok(()));
    assert_eq!(meter.take(&1, 60, start), Err(Exceeded::Peer));
    assert_eq!(meter.take(&1, 40, start), Ok(()));
    assert_eq!(meter.take(&1, 10, start), Err(Exceeded::Peer));
    assert_eq!(meter.take(&1, 10, after(1)), Ok(()));
    assert_eq!(meter.take(&1, 1, after(1)), Err(Exceeded::Peer));
    // A long pause fills the bucket and no more.
    assert_eq!(meter.take(&1, 101, after(1_000_000)), Err(Exceeded::Peer));
    assert_eq!(meter.take(&1, 100, after(1_000_000)), Ok(()));
}

#[test]
fn all_together_have_a_limit_too() {
    let start = Instant::now();
    let mut meter = meter(start);
    for peer in [1, 2] {
        assert_eq!(meter.take(&peer, 100, start), Ok(()));
    }
    assert_eq!(meter.take(&3, 100, start), Err(Exceeded::Total));
    assert_eq!(meter.take(&3, 50, start), Ok(()));
    // What was refused for the others' sake was not taken from the peer.
    assert_eq!(meter.take(&3, 20, start + Duration::from_secs(1)), Ok(()));
}

#[test]
fn ever_new_names_neither_fill_the_memory_nor_get_more_than_all() {
    let start = Instant::now();
    let mut meter = meter(start);
    assert_eq!(meter.take(&0, 100, start), Ok(()));
    let taken: u64 = (1..1_000).filter(|peer| meter.take(peer, 10, start).is_ok()).count() as u64 * 10;
    assert_eq!(taken, ALL.burst - 100);
    assert_eq!(meter.remembered(), 3);
    // Who took most is not forgotten for their sake.
    assert_eq!(meter.take(&0, 10, start), Err(Exceeded::Peer));
}

#[test]
fn clocks_that_go_back_do_no_harm() {
    let start = Instant::now() + Duration::from_secs(10);
    let mut meter = meter(start);
    assert_eq!(meter.take(&1, 100, start), Ok(()));
    assert_eq!(meter.take(&1, 1, start - Duration::from_secs(5)), Err(Exceeded::Peer));
}
