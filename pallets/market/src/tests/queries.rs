//! What runtime APIs show of jobs.

use crate::mock::*;
use frame_support::assert_ok;
use strike_primitives::job::JobOrder;

#[test]
fn jobs_are_listed_newest_first() {
    ExtBuilder::default().run(|| {
        submit(UNIT);
        assert_ok!(Market::submit(RuntimeOrigin::signed(account(2)), JobOrder::V1(order(UNIT))));
        submit(UNIT);
        assert_eq!(Market::job_ids(None, None, 2), vec![2, 1]);
        assert_eq!(Market::job_ids(None, Some(1), 2), vec![0]);
        assert_eq!(Market::job_ids(Some(&requester()), None, 9), vec![2, 0]);
        assert_eq!(Market::job_ids(Some(&requester()), Some(2), 9), vec![0]);
        let info = Market::job_info(2).unwrap();
        assert_eq!((info.requester, info.escrow, info.receipt), (requester(), UNIT, None));
        assert_eq!(Market::job_info(3), None);
    });
}
