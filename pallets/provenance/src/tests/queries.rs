//! What the runtime API reads.

use crate::mock::*;
use frame_support::assert_ok;
use strike_primitives::api::ModelInfo;

#[test]
fn model_info_should_say_what_is_registered() {
    ExtBuilder::default().execute(|| {
        assert_eq!(Provenance::model_info(&model(1)), None);
        assert_ok!(register(ALICE, 1));
        let info = ModelInfo { model: model(1), name: "tiny".into(), size: 4_096, owner: ALICE, royalty: 50_000_000 };
        assert_eq!(Provenance::model_info(&model(1)), Some(info));
    });
}

#[test]
fn models_after_should_page_through_all_once() {
    ExtBuilder::default().execute(|| {
        for index in 1..=5 {
            assert_ok!(register(ALICE, index));
        }
        assert_eq!(Provenance::models_after(None, 0), vec![]);
        let all = Provenance::models_after(None, 10);
        assert_eq!(all.len(), 5);
        let mut paged = vec![];
        let mut after = None;
        loop {
            let page = Provenance::models_after(after.as_ref(), 2);
            let Some(last) = page.last() else { break };
            after = Some(last.model);
            paged.extend(page);
        }
        assert_eq!(paged, all);
    });
}
