//! The invariants of the pallet.

use crate::{pallet::*, types::Standing};
use alloc::collections::BTreeSet;
use frame_support::{ensure, traits::Get};
use sp_runtime::DispatchError;

impl<T: Config> Pallet<T> {
    /// Check all of storage. The runtime's state check and tests call it; never a block.
    ///
    /// - Reports are sorted, each author has one, and none is of a block that was not made before the last report.
    /// - Time stood still in no more blocks than there were, and stands still since one of them, not yet long enough
    ///   with finality that keeps up to go on.
    /// - The timing is one that a chain can run with.
    pub fn do_try_state() -> Result<(), DispatchError> {
        let (now, reports, time) = (Self::now(), LastReports::<T>::get(), CurrentTime::<T>::get());
        ensure!(
            reports.highest.is_sorted_by(|(_, one), (_, next)| one >= next),
            "reports are not sorted from the highest down"
        );
        let authors: BTreeSet<_> = reports.highest.iter().map(|(author, _)| author).collect();
        ensure!(authors.len() == reports.highest.len(), "an author has two reports");
        let last = reports.reported_at.unwrap_or(0);
        ensure!(last <= now, "a report is of a later block");
        ensure!(reports.highest.iter().all(|(_, number)| *number < last), "a report is of a block that was not there");

        ensure!(time.lost <= now, "time stood still in more blocks than there were");
        if let Some(Standing { since, kept_up }) = time.standing {
            ensure!(since <= now && time.lost <= since, "time stands still since a later block");
            ensure!(kept_up < T::LagLimit::get(), "time stands still though finality keeps up");
        }
        GenesisTiming::<T>::get().check()?;
        Ok(())
    }
}
