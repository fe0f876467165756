//! Requirements: each id that a file cites, such as K-39, is a row of `docs/requirements.md`.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::files::tracked;
use crate::support::server::root;

pure! { cited_requirements_are_there() each_requirement_is_there_once() ids_are_read() }

/// An id, or a range of them: `K-47…50`, `K-47…K-50`, `D-30 to D-41`.
static CITED: LazyLock<Regex> = LazyLock::new(|| {
    let (letter, number) = ("[A-EKSX]", "[1-9][0-9]{0,2}");
    let range = format!("(?:…(?:{letter}-)?| to {letter}-)({number})");
    Regex::new(&format!(r"(?:^|[^0-9A-Za-z_-])({letter})-({number})(?:{range})?(?-u:\b)")).unwrap()
});

fn cited(text: &str) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for found in CITED.captures_iter(text) {
        let first: u16 = found[2].parse().unwrap();
        let last = found.get(3).map_or(first, |last| last.as_str().parse().unwrap());
        assert!(first <= last, "{:?} is no range", &found[0]);
        ids.extend((first..=last).map(|number| format!("{}-{number}", &found[1])));
    }
    ids
}

fn document() -> String {
    std::fs::read_to_string(root().join("docs/requirements.md")).unwrap()
}

/// The ids of the rows in the document.
fn rows(document: &str) -> Vec<&str> {
    let firsts = document.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
    firsts.map(|(id, _)| id).filter(|id| cited(id).contains(*id)).collect()
}

/// The ids that a text cites and no row defines, each after the name of the file.
fn undefined(file: &str, text: &str, known: &BTreeSet<&str>) -> Vec<String> {
    let ids = cited(text).into_iter().filter(|id| !known.contains(id.as_str()));
    ids.map(|id| format!("{file}: {id}")).collect()
}

fn cited_requirements_are_there() {
    let document = document();
    let known: BTreeSet<_> = rows(&document).into_iter().collect();
    let (mut files, mut missing) = (0, Vec::new());
    for path in tracked() {
        // A file that is not text cites nothing.
        let Ok(text) = std::fs::read_to_string(root().join(&path)) else { continue };
        files += usize::from(CITED.is_match(&text));
        missing.extend(undefined(&path.display().to_string(), &text, &known));
    }
    assert_eq!(missing, Vec::<String>::new(), "docs/requirements.md has no row for these");
    assert!(files > 100, "only {files} files cite a requirement");
    let planted = "see K-39 and K-".to_owned() + "999";
    let expected = ["a.rs: K-".to_owned() + "999"];
    assert_eq!(undefined("a.rs", &planted, &known), expected, "the rule works");
}

fn twice(ids: &[&str]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    ids.iter().filter(|id| !seen.insert(**id)).map(|id| (*id).to_owned()).collect()
}

fn each_requirement_is_there_once() {
    let document = document();
    assert_eq!(twice(&rows(&document)), Vec::<String>::new());
    assert_eq!(twice(&["K-1", "K-2", "K-1"]), ["K-1"], "the rule works");
}

fn ids_are_read() {
    let all = |text: &str| cited(text).into_iter().collect::<Vec<_>>();
    assert_eq!(all("(K-48…50), D-40 to D-41"), ["D-40", "D-41", "K-48", "K-49", "K-50"]);
    assert_eq!(all("`K-5…K-6`, \"A-4\"\n| X-3 | to 8"), ["A-4", "K-5", "K-6", "X-3"]);
    assert_eq!(all("SHA-256 UTF-8 A-Z x-K-1 K-0 K-1000 K-1a K_1"), Vec::<String>::new());
    assert_eq!(rows("| id | text |\n|---|---|\n| K-1 | see K-2 |\nK-3"), ["K-1"]);
}
