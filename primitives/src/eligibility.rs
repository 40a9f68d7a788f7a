//! Who may judge a provider: one rule for commitments, seals, matching and whoever asks.

/// The places of those in `set` that may judge a provider, in ascending order.
///
/// Whoever is linked to it may not: `own` tells whom the provider names or is, `back` who, as a provider of its own,
/// names it. `back` is asked only of whom `own` does not settle, and no further than the places that are read.
///
/// `None` where the provider's own word keeps out half of the set or more: it could name honest validators, and leave
/// the verdict to a few of its choice or to nobody.
///
/// A link that a validator sets keeps out that validator alone. So no validator can keep others from judging a provider,
/// or a provider from being judged; it could as well not vote. If all others keep themselves out, there are no places,
/// which is not the provider's fault.
pub fn eligible<'s, V>(
    set: &'s [V],
    own: impl Fn(&V) -> bool + 's,
    back: impl Fn(&V) -> bool + 's,
) -> Option<impl Iterator<Item = usize> + 's> {
    let named = set.iter().filter(|validator| own(validator)).count();
    if named.saturating_mul(2) >= set.len() {
        return None;
    }
    let places = set.iter().enumerate().filter(move |(_, validator)| !own(validator) && !back(validator));
    Some(places.map(|(place, _)| place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// How a validator is linked.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    enum Link {
        None,
        ByProvider,
        ByValidator,
        ByBoth,
    }

    const LINKS: [Link; 4] = [Link::None, Link::ByProvider, Link::ByValidator, Link::ByBoth];

    /// Every set of `n` validators, by how each is linked.
    fn sets(n: u32) -> impl Iterator<Item = Vec<Link>> {
        (0..4usize.pow(n)).map(move |number| (0..n).map(|place| LINKS[number / 4usize.pow(place) % 4]).collect())
    }

    fn is_own(link: &Link) -> bool {
        matches!(link, Link::ByProvider | Link::ByBoth)
    }

    fn judges(set: &[Link]) -> Option<Vec<usize>> {
        let back = |link: &Link| matches!(link, Link::ByValidator | Link::ByBoth);
        eligible(set, is_own, back).map(Iterator::collect)
    }

    #[test]
    fn only_the_providers_own_links_count_toward_the_half() {
        for set in (0..=6).flat_map(sets) {
            let own = set.iter().filter(|link| is_own(link)).count();
            assert_eq!(judges(&set).is_none(), 2 * own >= set.len(), "{set:?}");
        }
    }

    #[test]
    fn a_validators_link_keeps_out_that_validator_alone() {
        for set in (1..=6).flat_map(sets) {
            for place in 0..set.len() {
                let mut unlinked = set.clone();
                unlinked[place] = Link::None;
                let mut linked = set.clone();
                linked[place] = Link::ByValidator;
                let expected = judges(&unlinked).map(|mut judges| {
                    judges.retain(|judge| *judge != place);
                    judges
                });
                assert_eq!(judges(&linked), expected, "{set:?}, {place}");
            }
        }
    }

    #[test]
    fn nobody_linked_judges_and_everybody_else_does() {
        for set in (1..=6).flat_map(sets) {
            let Some(judges) = judges(&set) else { continue };
            let expected: Vec<usize> = (0..set.len()).filter(|place| set[*place] == Link::None).collect();
            assert_eq!(judges, expected, "{set:?}");
        }
    }

    /// The liars of a set gain nothing by keeping some of them out: neither a majority of those who judge, nor that
    /// the honest have none.
    #[test]
    fn validators_gain_no_power_by_linking_themselves() {
        for n in 1..=6usize {
            for liars in 0..=n {
                for out in 0..=liars {
                    let set: Vec<Link> =
                        (0..n).map(|place| if place < out { Link::ByValidator } else { Link::None }).collect();
                    let judges = judges(&set).map(|judges| judges.len()).unwrap_or_default();
                    let majority = |judges: usize| judges / 2 + 1;
                    assert!(liars >= majority(n) || liars - out < majority(judges), "{n}, {liars}, {out}: a majority");
                    assert!(n - liars < majority(n) || n - liars >= majority(judges), "{n}, {liars}, {out}: a veto");
                }
            }
        }
        assert_eq!(judges(&[Link::ByValidator; 3]), Some(Vec::new()));
    }
}
