//! `Link` (RFC 8288 section 3), parsed as its appendix B says, but strictly.

/// A link of the field.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// A URI reference.
    pub(crate) target: String,
    /// The relation types, in lower case.
    pub(crate) relations: Vec<String>,
}

/// The links of a field value, or the error in it.
pub(crate) fn parse(value: &str) -> Result<Vec<Link>, String> {
    let mut links = Vec::new();
    let mut rest = value.trim_start();
    while !rest.is_empty() {
        let open = rest.strip_prefix('<').ok_or_else(|| format!("`{rest}`: no `<`"))?;
        let (target, after) = open.split_once('>').ok_or_else(|| format!("`{rest}`: no `>`"))?;
        if target.chars().any(|c| c.is_whitespace() || matches!(c, '"' | '<')) {
            return Err(format!("`{target}` is no URI reference"));
        }
        let mut link = Link { target: target.to_owned(), relations: Vec::new() };
        rest = after.trim_start();
        while let Some(parameter) = rest.strip_prefix(';') {
            let (name, value, after) = read_parameter(parameter.trim_start())?;
            // Occurrences after the first are ignored (section 3.3).
            if name == "rel" && link.relations.is_empty() {
                link.relations = value.split_whitespace().map(str::to_ascii_lowercase).collect();
            }
            rest = after.trim_start();
        }
        if link.relations.is_empty() {
            return Err(format!("the link to `{target}` has no `rel`"));
        }
        links.push(link);
        rest = match rest.strip_prefix(',') {
            Some(after) => after.trim_start(),
            None if rest.is_empty() => rest,
            None => return Err(format!("`{rest}` stands behind a link")),
        };
    }
    Ok(links)
}

/// The target of the first link with a relation type.
pub(crate) fn target<'a>(links: &'a [Link], relation: &str) -> Option<&'a str> {
    let has = |link: &&Link| link.relations.iter().any(|it| it == relation);
    links.iter().find(has).map(|link| link.target.as_str())
}

/// Reads a parameter: its name, its value and the remaining text.
fn read_parameter(text: &str) -> Result<(String, String, &str), String> {
    let end = text.find(['=', ';', ',']).unwrap_or(text.len());
    let name = text[..end].trim_end().to_ascii_lowercase();
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(format!("`{name}` is no name of a parameter"));
    }
    let Some(value) = text[end..].strip_prefix('=') else {
        return Ok((name, String::new(), &text[end..]));
    };
    let value = value.trim_start();
    let Some(quoted) = value.strip_prefix('"') else {
        let end = value.find([';', ',']).unwrap_or(value.len());
        let token = value[..end].trim_end();
        if token.is_empty() || !token.bytes().all(is_token) {
            return Err(format!("`{token}` is no token; quote it"));
        }
        return Ok((name, token.to_owned(), &value[end..]));
    };
    let mut content = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Ok((name, content, &quoted[at + 1..])),
            '\\' => content.extend(characters.next().map(|(_, escaped)| escaped)),
            other => content.push(other),
        }
    }
    Err(format!("`{text}` is not closed"))
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    #[test]
    fn links() {
        let value = "</a?b=1,2>; rel=\"next last\"; title=\"a, \\\"b\\\"; c\" , <b>;rel=Prev;x";
        let links = parse(value).unwrap();
        assert_eq!(target(&links, "last"), Some("/a?b=1,2"));
        assert_eq!(target(&links, "prev"), Some("b"));
        assert_eq!(target(&links, "first"), None);
        for wrong in
            ["/a; rel=next", "<a>", "<a; rel=x", "<a>; rel=\"x", "<a>; rel=x y", "<a b>; rel=x"]
        {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
