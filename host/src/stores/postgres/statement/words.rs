//! Splits SQL into words.

/// The words of a statement. Each other sign is a word too. Comments are skipped.
#[derive(Clone, Copy)]
pub(super) struct Words<'a>(pub(super) &'a str);

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.0 = skip_comments(self.0);
        let end = match self.0.chars().next()? {
            c if is_part(c) => self.0.find(|c| !is_part(c)).unwrap_or(self.0.len()),
            c => c.len_utf8(),
        };
        let (word, rest) = self.0.split_at(end);
        self.0 = rest;
        Some(word)
    }
}

/// Whether `c` may be part of a word.
pub(super) fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Block comments nest, unlike in C.
fn skip_comments(sql: &str) -> &str {
    let mut rest = sql.trim_start();
    loop {
        rest = if let Some(line) = rest.strip_prefix("--") {
            line.find(['\n', '\r']).map_or("", |end| &line[end..])
        } else if let Some(block) = rest.strip_prefix("/*") {
            let (mut inside, mut depth) = (block, 1);
            while depth > 0 {
                let Some(at) = inside.find(['*', '/']) else { return "" };
                inside = &inside[at..];
                let (step, change) = match inside.get(..2) {
                    Some("*/") => (2, -1),
                    Some("/*") => (2, 1),
                    _ => (1, 0),
                };
                (inside, depth) = (&inside[step..], depth + change);
            }
            inside
        } else {
            return rest;
        };
        rest = rest.trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_no_words() {
        for (sql, words) in [
            ("a--b\nc", vec!["a", "c"]),
            ("a/*/* b */*/c,d", vec!["a", "c", ",", "d"]),
            ("/* open", vec![]),
            ("a /é*é*/b_1", vec!["a", "/", "é", "*", "é", "*", "/", "b_1"]),
            ("/*é*/x", vec!["x"]),
        ] {
            assert_eq!(Words(sql).collect::<Vec<_>>(), words, "{sql}");
        }
    }
}
