//! This machine's clock, by which a validator authors and every node judges the blocks of others.

use super::{command_line::CommandLine, problem::Problem};
use std::time::Duration;

/// The first second of 2025: a clock before it was never set.
const EARLIEST: Duration = Duration::from_secs(1_735_689_600);
/// How far a clock may be behind a block that is there.
const TOLERANCE: Duration = Duration::from_secs(15);

/// A problem if the clock says `now` though a block of `last_block` is there; times since 1970. That it is ahead cannot be known: the
/// chain may have stopped.
pub(super) fn check(now: Duration, last_block: Option<Duration>) -> Result<(), Problem> {
    let behind = last_block.and_then(|block| block.checked_sub(now)).unwrap_or_default();
    let what = if now < EARLIEST {
        "the clock of this machine was never set: it shows a time before 2025".to_owned()
    } else if behind > TOLERANCE {
        format!("the clock of this machine is {} s behind the last block that this node has", behind.as_secs())
    } else {
        return Ok(());
    };
    let set = CommandLine::of_words(["sudo", "timedatectl", "set-ntp", "true"]).line();
    Err(Problem::new(
        format!(
            "{what}. Its own blocks would be from the past, and those of others from a future that it does not take. Set the clock, and \
             start the node again:"
        ),
        [set],
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_behind_the_chain_is_said() {
        let now = EARLIEST + Duration::from_secs(1_000_000);
        assert!(check(now, None).is_ok());
        assert!(check(now, Some(now)).is_ok());
        assert!(check(now, Some(now + TOLERANCE)).is_ok());
        let told = check(now, Some(now + Duration::from_secs(3_600))).expect_err("an hour behind").to_string();
        assert!(told.contains("3600 s behind") && told.ends_with("\n  sudo timedatectl set-ntp true"), "{told}");
        assert!(check(now, Some(Duration::ZERO)).is_ok(), "the chain stopped long ago, or the clock is ahead");
        assert!(check(Duration::from_secs(60), None).is_err());
    }
}
