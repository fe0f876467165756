//! Inserts text at a place that a file's structure gives.

use std::ops::Range;

/// A template with its variables (`{{name}}`) replaced.
pub(crate) fn filled(template: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(template.to_owned(), |text, (name, value)| {
        text.replace(&format!("{{{{{name}}}}}"), value)
    })
}

/// Adds a block at the end of a section of a YAML file, below these keys. A section that is not there
/// is added to the one above it.
pub(crate) fn append(text: &str, keys: &[&str], block: &str) -> Result<String, String> {
    let lines: Vec<_> = text.lines().collect();
    match section(&lines, keys) {
        Ok(range) => Ok(inserted(&lines, range.end, block)),
        Err(missing) if keys.last() == Some(&missing) && keys.len() > 1 => {
            let above = &keys[..keys.len() - 1];
            let header = format!("{}{missing}:\n", "  ".repeat(above.len()));
            append(text, above, &(header + block))
        }
        Err(missing) => Err(format!("there is no section `{missing}:`")),
    }
}

/// Adds lines to a section of a YAML file that is sorted by a key, each at its place.
pub(crate) fn sorted(
    text: &str,
    keys: &[&str],
    key: impl Fn(&str) -> Option<String>,
    rows: &[String],
) -> Result<String, String> {
    let mut text = text.to_owned();
    for row in rows {
        let lines: Vec<_> = text.lines().collect();
        let range = section(&lines, keys);
        let range = range.map_err(|missing| format!("there is no section `{missing}:`"))?;
        let own = key(row.trim_end());
        let end = range.end;
        let mut place = range.filter(|at| key(lines[*at]).is_some_and(|other| Some(other) > own));
        text = inserted(&lines, place.next().unwrap_or(end), row);
    }
    Ok(text)
}

/// The lines of a section, without its header and without empty lines at its end. The error is the
/// key that is missing.
fn section<'k>(lines: &[&str], keys: &[&'k str]) -> Result<Range<usize>, &'k str> {
    let mut range = 0..lines.len();
    for (depth, key) in keys.iter().enumerate() {
        let header = format!("{}{key}:", "  ".repeat(depth));
        let at = range.clone().find(|at| lines[*at].trim_end() == header).ok_or(*key)?;
        let is_over =
            |line: &str| !line.is_empty() && indent(line) <= depth * 2 && !is_item(line, depth);
        let end = (at + 1..range.end).find(|at| is_over(lines[*at])).unwrap_or(range.end);
        range = at + 1..end;
    }
    while range.end > range.start && lines[range.end - 1].trim().is_empty() {
        range.end -= 1;
    }
    Ok(range)
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Whether a line is an item of a list that is not indented more than its key.
fn is_item(line: &str, depth: usize) -> bool {
    indent(line) == depth * 2 && line.trim_start().starts_with("- ")
}

fn inserted(lines: &[&str], at: usize, block: &str) -> String {
    let text = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    format!("{}{block}{}", text(&lines[..at]), text(&lines[at..]))
}

/// Adds a block before the first line that begins like this.
pub(crate) fn before(text: &str, begin: &str, block: &str) -> Result<String, String> {
    let at = format!("\n{text}").find(&format!("\n{begin}"));
    let at = at.ok_or_else(|| format!("there is no line {begin:?}"))?;
    Ok(format!("{}{block}{}", &text[..at], &text[at..]))
}

/// Copies the first line that begins with one of these texts, after itself.
pub(crate) fn copied(
    text: &str,
    begins: &[&str],
    change: impl Fn(&str) -> String,
) -> Result<String, String> {
    let lines: Vec<_> = text.lines().collect();
    let fits = |line: &&str| begins.iter().any(|begin| line.trim_start().starts_with(begin));
    let at = lines.iter().position(fits);
    let at = at.ok_or_else(|| format!("no line begins with {}", begins.join(" or ")))?;
    Ok(inserted(&lines, at + 1, &(change(lines[at]) + "\n")))
}

/// The part of a text from a line on, up to a line that begins another part.
pub(crate) fn block<'t>(
    text: &'t str,
    first: &str,
    is_other: impl Fn(&str) -> bool,
) -> Result<&'t str, String> {
    let at = text.find(first).ok_or_else(|| format!("there is no {first:?}"))?;
    let mut end = at;
    for line in text[at..].split_inclusive('\n') {
        if end > at && is_other(line) {
            break;
        }
        end += line.len();
    }
    Ok(text[at..end].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    const YAML: &str = "# a\ntags:\n- { name: b }\npaths:\n  /b:\n    get: 1\n\n# c\ncomponents:\n  schemas:\n    B: 1\n";

    #[test]
    fn blocks_come_at_the_end_of_their_section() {
        let paths = append(YAML, &["paths"], "  /c: 2\n").expect("a place");
        assert_eq!(paths, YAML.replace("get: 1\n", "get: 1\n  /c: 2\n"));
        let schemas = append(YAML, &["components", "schemas"], "    C: 2\n").expect("a place");
        assert_eq!(schemas, format!("{YAML}    C: 2\n"));
        let examples = append(YAML, &["components", "examples"], "    C: 2\n").expect("a place");
        assert_eq!(examples, format!("{YAML}  examples:\n    C: 2\n"));
        assert!(append("a:\n", &["components", "schemas"], "").is_err());
    }

    #[test]
    fn rows_are_sorted() {
        let key = |line: &str| Some(line.split_once("name: ")?.1.split_once(' ')?.0.to_owned());
        let with = |row: &str| sorted(YAML, &["tags"], key, &[row.to_owned()]).expect("a place");
        assert!(with("- { name: a }\n").contains("tags:\n- { name: a }\n- { name: b }\npaths"));
        assert!(with("- { name: c }\n").contains("tags:\n- { name: b }\n- { name: c }\npaths"));
    }

    #[test]
    fn lines_and_blocks_are_found() {
        let text = "[a]\nx = 1\n\n[b]\n  y\n";
        assert_eq!(block(text, "[a]", |line| line.starts_with('[')), Ok("[a]\nx = 1"));
        assert_eq!(block(text, "[b]", |line| line.starts_with('[')), Ok("[b]\n  y"));
        let twice = copied(text, &["z", "y"], |line| line.replace('y', "z"));
        assert_eq!(twice.as_deref(), Ok("[a]\nx = 1\n\n[b]\n  y\n  z\n"));
        assert_eq!(before(text, "[b]", "[c]\n").as_deref(), Ok("[a]\nx = 1\n\n[c]\n[b]\n  y\n"));
        assert_eq!(filled("{{a}} {b} {{c}}", &[("a", "1"), ("c", "2")]), "1 {b} 2");
    }
}
