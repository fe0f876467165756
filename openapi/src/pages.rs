//! The pages about errors in `docs/errors/`: Markdown for people, made from the registry.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::errors;
use protocol::registry::{Code, Row};

/// The page that lists all codes.
pub const INDEX: &str = "README.md";

const NOTICE: &str =
    "<!-- Generated from components/protocol/src/registry.rs by scripts/bless. -->";

/// A page: the file name and the text.
pub type Page = (String, String);

/// All pages: the index, then a page for each code in the order of the registry.
///
/// # Errors
/// An error if `errors.rs` does not know a status of the registry.
pub fn all() -> Result<Vec<Page>> {
    let mut pages = vec![(INDEX.to_owned(), index()?)];
    for code in Code::ALL {
        pages.push((format!("{}.md", code.row().name), page(*code)?));
    }
    Ok(pages)
}

/// Writes all pages. Removes the pages of codes that do not exist any more.
///
/// # Errors
/// An error if the folder cannot be written.
pub fn write(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let pages = all()?;
    for entry in fs::read_dir(folder).context("cannot list the pages")? {
        let path = entry.context("cannot list the pages")?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.ends_with(".md") && pages.iter().all(|(known, _)| known != name) {
            fs::remove_file(&path).with_context(|| path.display().to_string())?;
        }
    }
    for (name, text) in pages {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

fn index() -> Result<String> {
    let mut rows = String::new();
    for code in Code::ALL {
        let Row { name, screaming, status, title, .. } = code.row();
        let retry = if code.row().retryable { "yes" } else { "no" };
        rows +=
            &format!("| {status} | [`{name}`]({name}.md) | `{screaming}` | {title} | {retry} |\n");
    }
    Ok(format!(
        "{NOTICE}\n# Errors\n\n\
         Every refusal and failure has one of these codes. A client decides by the code, never \
         by the message. A refusal, 4xx, means that nothing was changed. Retry says whether the \
         same request may succeed later.\n\n\
         | Status | Code | In envelopes and JSON:API | What it is | Retry |\n\
         |---|---|---|---|---|\n{rows}"
    ))
}

fn page(code: Code) -> Result<String> {
    let Row { name, screaming, specific, status, title, retryable, meaning, remedy } = code.row();
    let reason = errors::reason(*status)?;
    let retry = match retryable {
        true => "The same request may succeed later.",
        false => "The same request fails again until something is changed.",
    };
    let body = errors::native(code);
    let seconds = &body["details"]["retry_after"];
    let wait = seconds.as_u64().map(|it| format!("Retry-After: {it}\n")).unwrap_or_default();
    Ok(format!(
        "{NOTICE}\n# {title}\n\n\
         | Property | Value |\n\
         |---|---|\n\
         | Code | `{name}` |\n\
         | In envelopes and JSON:API | `{screaming}` |\n\
         | In camel answers, after the name of the service | `PROJECTS_{specific}` |\n\
         | Status | {status} {reason} |\n\
         | Retry | {retry} |\n\n\
         ## What happened\n\n{meaning}\n\n\
         ## What to do\n\n{remedy}\n\n\
         ## Example\n\n\
         ```http\nHTTP/1.1 {status} {reason}\nContent-Type: application/json; charset=utf-8\n{wait}\n\
         {body:#}\n```\n\n\
         [All errors]({INDEX})\n"
    ))
}
