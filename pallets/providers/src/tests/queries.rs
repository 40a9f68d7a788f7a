//! What the runtime API reads.

use crate::mock::*;
use frame_support::assert_ok;
use strike_primitives::{api::ProviderInfo, traits::Bonds};

#[test]
fn provider_info_should_say_what_is_registered() {
    ExtBuilder::default().provider((BOB, 4_000, key(5), vec![model(2)], vec![CHARLIE])).execute(|| {
        assert_ok!(Providers::reserve(&BOB, 30));
        let info = ProviderInfo {
            provider: BOB,
            bond: 4_000,
            reserved: 30,
            active: true,
            models: vec![model(2)],
            linked: vec![CHARLIE],
            asks: vec![],
        };
        assert_eq!(Providers::provider_info(&BOB), Some(info));
        assert_eq!(Providers::provider_info(&ALICE), None);
        assert_ok!(Providers::leave(RuntimeOrigin::signed(BOB)));
        assert!(!Providers::provider_info(&BOB).unwrap().active);
    });
}

#[test]
fn providers_after_should_page_through_all_once() {
    let builder = ExtBuilder::default().alice(MIN_BOND);
    builder.execute(|| {
        assert_ok!(register(BOB, 2, MIN_BOND));
        assert_ok!(register(CHARLIE, 3, MIN_BOND));
        assert_eq!(Providers::providers_after(None, 0), vec![]);
        let all = Providers::providers_after(None, 10);
        assert_eq!(all.len(), 3);
        let mut paged = vec![];
        let mut after = None;
        loop {
            let page = Providers::providers_after(after.as_ref(), 2);
            let Some(last) = page.last() else { break };
            after = Some(last.provider.clone());
            paged.extend(page);
        }
        assert_eq!(paged, all);
    });
}
