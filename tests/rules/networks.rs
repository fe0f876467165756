//! The guide lists the same networks for Spin as the code.

use crate::support::server::root;

pure! { the_guide_lists_what_the_runner_refuses() a_list_is_read() }

/// The network over which functions on Spin reach their own application.
const OWN: &str = "127.0.0.0/8";

/// The networks between `block_networks = [` and the next bracket.
fn listed(text: &str) -> Vec<&str> {
    let (_, rest) = text.split_once("block_networks = [").expect("the section");
    let (list, _) = rest.split_once(']').expect("its end");
    list.split(',')
        .map(|entry| entry.trim().trim_matches('"'))
        .filter(|it| !it.is_empty())
        .collect()
}

fn the_guide_lists_what_the_runner_refuses() {
    let guide = std::fs::read_to_string(root().join("docs/guides/scaling.md")).expect("the guide");
    let known: Vec<&str> =
        special_use::NETWORKS.iter().map(|(network, _)| *network).filter(|it| *it != OWN).collect();
    assert_eq!(listed(&guide), known);
}

fn a_list_is_read() {
    assert_eq!(
        listed("x\nblock_networks = [\n  \"a/1\", \"b/2\",\n  \"c/3\",\n]\n[y]"),
        ["a/1", "b/2", "c/3"]
    );
}
