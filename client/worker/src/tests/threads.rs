//! Panics on the threads that the engine computes on, in a process whose hook ends it with any panic.

use crate::{engine::threads, limit_import_threads};
use std::{
    panic::{catch_unwind, AssertUnwindSafe},
    process::Command,
};

/// Set in the process that is to live through the panics.
const INSIDE: &str = "STRIKE_TEST_PANICS";

#[test]
fn a_panic_on_a_thread_of_the_engine_ends_its_run_alone() {
    if std::env::var_os(INSIDE).is_none() {
        // The hook is the process's, so the process is another one.
        let test = std::env::current_exe().expect("this program");
        let name = "tests::threads::a_panic_on_a_thread_of_the_engine_ends_its_run_alone";
        let done =
            Command::new(test).args([name, "--exact", "--nocapture"]).env(INSIDE, "1").output().expect("it runs");
        let said = String::from_utf8_lossy(&done.stdout);
        assert!(done.status.success() && said.contains("all panics are over"), "{said}");
        return;
    }
    sp_panic_handler::set("https://example.invalid", "0");
    limit_import_threads(2);
    // Threads of rayon, as imports and the statistical class use them.
    let run = || rayon::join(|| (), || rayon::scope(|scope| scope.spawn(|_| panic!("on rayon's thread"))));
    // The thread of the run itself says so too.
    let ran = std::thread::spawn(move || {
        threads::begin();
        catch_unwind(AssertUnwindSafe(run)).is_err()
    });
    assert!(ran.join().expect("the thread lives"));
    // Threads of the engine begin alike; that they do, and that a panic of theirs reaches the run, its own tests show.
    println!("all panics are over");
}
