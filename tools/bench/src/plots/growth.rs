//! The picture of growth: how much longer something takes if there is much more of it.

use super::bars::{Bar, Bars, Group};
use crate::deliveries::Deliveries;
use crate::process::Kind;
use crate::report::Scaling;
use crate::spread::Spread;
use crate::stores::Stores;

/// Draws the costs of a long list and of a long queue, as far as they were measured.
pub(super) fn draw(lists: &[Scaling], deliveries: &[Deliveries]) -> Option<String> {
    let mut groups: Vec<_> = lists
        .iter()
        .filter_map(|list| {
            let [short, long] = &list.pages[..] else { return None };
            Some(group("page of 20", list.stores, [short.rows, long.rows], list.ratio))
        })
        .collect();
    for (stores, one) in
        deliveries.iter().flat_map(|found| found.growth.iter().map(|one| (found.stores, one)))
    {
        // A rate is turned into the time of an event.
        let times = Spread::of(one.ratio_of_turns.iter().map(|ratio| ratio.recip()))?;
        groups.push(group(one.what, stores, one.waiting, times));
    }
    let picture = Bars {
        title: "Time with a long list or queue, compared with a short one",
        axis: "ratio of times, long / short: median of the turns, with the least and the most",
        one: "no growth",
        groups,
        note: "",
    };
    (!picture.groups.is_empty()).then(|| picture.draw())
}

fn group(what: &str, stores: Stores, [short, long]: [u64; 2], value: Spread) -> Group {
    let name = format!("{}, {} / {}", stores.name(), thousands(long), thousands(short));
    let bar = Bar { name, class: Kind::Fused.name(), value };
    Group { name: what.to_owned(), bars: vec![bar] }
}

/// A number with separators.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    let groups: Vec<_> = groups.map(|group| String::from_utf8_lossy(group).into_owned()).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::thousands;

    #[test]
    fn numbers_are_separated() {
        assert_eq!([7, 7200, 1_000_000].map(thousands), ["7", "7,200", "1,000,000"]);
    }
}
