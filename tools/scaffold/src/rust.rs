//! Changes of Rust source.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// The source as rustfmt writes it.
///
/// # Errors
/// rustfmt is missing, or it does not understand the source.
pub(crate) fn formatted(root: &Path, source: &str) -> Result<String, String> {
    let missing = |error: std::io::Error| format!("rustfmt cannot be run: {error}");
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024"])
        .current_dir(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(missing)?;
    if let Some(mut input) = rustfmt.stdin.take() {
        input.write_all(source.as_bytes()).map_err(missing)?;
    }
    let output = rustfmt.wait_with_output().map_err(missing)?;
    match String::from_utf8(output.stdout) {
        Ok(text) if output.status.success() => Ok(text),
        _ => Err(format!("rustfmt refuses it: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}

/// Adds a name to the declaration `use of::…;`, or a new declaration before the others. rustfmt sorts
/// the names later.
pub(crate) fn import(text: &str, of: &str, name: &str) -> Result<String, String> {
    let begins = [format!("use {of}::"), format!("use super::{of}::")];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let begin = begins.iter().find(|begin| line.trim_start().starts_with(*begin));
        if let Some(begin) = begin {
            let start = at + line.len() - line.trim_start().len() + begin.len();
            let end = text[start..].find(';').ok_or(format!("`{begin}…` has no end"))? + start;
            let names = text[start..end].trim_start_matches('{').trim_end_matches('}');
            let names = names.split(',').map(str::trim).filter(|it| !it.is_empty() && *it != name);
            let names: Vec<_> = names.chain([name]).collect();
            return Ok(format!("{}{{{}}}{}", &text[..start], names.join(", "), &text[end..]));
        }
        at += line.len();
    }
    let own = format!("use {of}::{name};\n");
    crate::text::before(text, "use ", &own).or_else(|_| crate::text::before(text, "kit::", &own))
}

/// Adds arms at the end of `match op`. rustfmt indents them later.
pub(crate) fn arms(text: &str, arms: &str) -> Result<String, String> {
    const MATCH: &str = "match op {\n";
    let missing = || "there is no `match op { … }`".to_owned();
    let at = text.find(MATCH).ok_or_else(missing)?;
    let indent = text[..at].len() - text[..at].trim_end_matches(' ').len();
    let close = format!("\n{}}}\n", " ".repeat(indent));
    // The line break before the closing brace may be that of the first line.
    let from = at + MATCH.len() - 1;
    let end = from + text[from..].find(&close).ok_or_else(missing)? + 1;
    Ok(format!("{}{arms}{}", &text[..end], &text[end..]))
}

/// Adds `mod name;` to the last group of such lines, in the order of names.
pub(crate) fn module(text: &str, name: &str) -> Result<String, String> {
    let lines: Vec<_> = text.lines().collect();
    let module = |line: &str| {
        let line = line.strip_prefix("pub ").or(line.strip_prefix("pub(crate) ")).unwrap_or(line);
        line.strip_prefix("mod ").and_then(|line| line.strip_suffix(';')).map(str::to_owned)
    };
    let last = lines.iter().rposition(|line| module(line).is_some());
    let last = last.ok_or("there is no `mod …;`")?;
    let is_other = |line: &&str| module(line).is_none();
    let first = lines[..last].iter().rposition(is_other).map_or(0, |at| at + 1);
    let after = (first..=last).find(|at| module(lines[*at]).is_some_and(|it| it.as_str() > name));
    let mut lines: Vec<_> = lines.into_iter().map(str::to_owned).collect();
    lines.insert(after.unwrap_or(last + 1), format!("mod {name};"));
    Ok(lines.join("\n") + "\n")
}

/// Adds a name to each list of names that has `beside` and others, and counts it in the type before
/// the list (`[&str; 5]`).
pub(crate) fn lists(text: &str, beside: &str, name: &str) -> Result<String, String> {
    let mut out = String::new();
    let (mut rest, mut found) = (text, false);
    while let Some((before, after)) = rest.split_once('[') {
        out.push_str(before);
        let names = after.split_once(']').and_then(|(list, _)| names(list));
        match names.filter(|names| names.len() > 1 && names.contains(&beside)) {
            Some(mut names) => {
                names.push(name);
                names.sort_unstable();
                recount(&mut out, names.len());
                let names: Vec<_> = names.iter().map(|name| format!("{name:?}")).collect();
                out.push_str(&format!("[{}]", names.join(", ")));
                rest = after.split_once(']').map_or("", |(_, rest)| rest);
                found = true;
            }
            None => {
                out.push('[');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    found.then_some(out).ok_or_else(|| format!("no list has {beside:?} and other names"))
}

/// The names of a list that has nothing else.
fn names(list: &str) -> Option<Vec<&str>> {
    let items = list.split(',').map(str::trim).filter(|item| !item.is_empty());
    items.map(|item| item.strip_prefix('"')?.strip_suffix('"')).collect()
}

/// Writes the length of a list into the type before it.
fn recount(before: &mut String, length: usize) {
    let head = before.trim_end().trim_end_matches('=').trim_end();
    if let Some(at) = head.rfind("[&str; ").filter(|_| head.ends_with(']')) {
        let after = before[head.len()..].to_owned();
        before.truncate(at);
        before.push_str(&format!("[&str; {length}]{after}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_imported() {
        for (text, expected) in [
            ("\nuse kit::Call;\n", "\nuse kit::{Call, no_rule};\n"),
            ("\nuse kit::{\n    A, B,\n};\n", "\nuse kit::{A, B, no_rule};\n"),
            ("\nuse kit::no_rule;\n", "\nuse kit::{no_rule};\n"),
            ("mod f {\n    use super::kit::A;\n", "mod f {\n    use super::kit::{A, no_rule};\n"),
        ] {
            assert_eq!(import(text, "kit", "no_rule").as_deref(), Ok(expected));
        }
        let other = import("mod a;\n\nuse b::C;\n", "kit", "no_rule");
        assert_eq!(other.as_deref(), Ok("mod a;\n\nuse kit::no_rule;\nuse b::C;\n"));
        assert!(import("fn a() {}\n", "kit", "no_rule").is_err());
    }

    #[test]
    fn arms_come_last() {
        let text = "fn f() {\n    match op {\n        A => {\n        }\n    }\n}\n";
        let expected =
            "fn f() {\n    match op {\n        A => {\n        }\n        B,\n    }\n}\n";
        assert_eq!(arms(text, "        B,\n").as_deref(), Ok(expected));
        let empty = arms("    match op {\n    }\n", "        B,\n");
        assert_eq!(empty.as_deref(), Ok("    match op {\n        B,\n    }\n"));
        let inner = arms("mod f {\n        match op {\n            A,\n        }\n", "B,\n");
        assert_eq!(
            inner.as_deref(),
            Ok("mod f {\n        match op {\n            A,\nB,\n        }\n")
        );
        assert!(arms("match other {}", "").is_err());
    }

    #[test]
    fn modules_are_sorted() {
        let text = "mod zero;\n\nmod a;\npub mod c;\n\nuse x;\n";
        let with = |name| module(text, name).expect("a place");
        assert_eq!(with("b"), "mod zero;\n\nmod a;\nmod b;\npub mod c;\n\nuse x;\n");
        assert_eq!(with("d"), "mod zero;\n\nmod a;\npub mod c;\nmod d;\n\nuse x;\n");
        assert_eq!(module("mod b;\n", "a").as_deref(), Ok("mod a;\nmod b;\n"));
    }

    #[test]
    fn lists_get_a_name_beside_others() {
        let text = "const F: [&str; 2] =\n    [\"a\", \"p\"];\nx(\"p\", &[\"p\"], y[0]);\nz(&[\"p\", \"z\"])";
        let expected = "const F: [&str; 3] =\n    [\"a\", \"b\", \"p\"];\nx(\"p\", &[\"p\"], y[0]);\nz(&[\"b\", \"p\", \"z\"])";
        assert_eq!(lists(text, "p", "b").as_deref(), Ok(expected));
        assert!(lists("[\"a\"]", "p", "b").is_err());
    }
}
