//! The files of the repository with the changes that are to be made. All of them are written, or
//! none.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::rust;

/// The changes, and what is wrong with them.
pub(crate) struct Tree {
    root: PathBuf,
    /// The new texts, by paths from the root.
    files: BTreeMap<String, String>,
    problems: Vec<String>,
}

impl Tree {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), files: BTreeMap::new(), problems: Vec::new() }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Adds what is wrong.
    pub(crate) fn refuse(&mut self, problems: Vec<String>) {
        self.problems.extend(problems);
    }

    /// What is wrong so far.
    pub(crate) fn problems(&self) -> &[String] {
        &self.problems
    }

    /// The text of a file, with the changes so far. It is empty if the file cannot be read.
    pub(crate) fn read(&mut self, path: &str) -> String {
        let text = self.text(path);
        text.unwrap_or_else(|problem| {
            self.problems.push(problem);
            String::new()
        })
    }

    fn text(&self, path: &str) -> Result<String, String> {
        match self.files.get(path) {
            Some(text) => Ok(text.clone()),
            None => fs::read_to_string(self.root.join(path))
                .map_err(|error| format!("{path}: cannot be read: {error}")),
        }
    }

    /// The paths of the migrations that there are.
    pub(crate) fn migrations(&self) -> Vec<String> {
        let folder = fs::read_dir(self.root.join("migrations")).into_iter().flatten().flatten();
        let names = folder.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let is_migration = |name: &String| {
            name.starts_with(|c: char| c.is_ascii_digit()) && name.ends_with(".sql")
        };
        names.filter(is_migration).map(|name| format!("migrations/{name}")).collect()
    }

    /// Adds a file.
    pub(crate) fn create(&mut self, path: &str, text: String) {
        if self.root.join(path).exists() || self.files.contains_key(path) {
            self.problems.push(format!("{path}: exists already"));
        }
        self.files.insert(path.to_owned(), text);
    }

    /// Changes a file. An error of the change says what it did not find.
    pub(crate) fn change(
        &mut self,
        path: &str,
        change: impl FnOnce(&str) -> Result<String, String>,
    ) {
        let missing = |what| format!("{path}: {what}; change it by hand");
        match self.text(path).and_then(|text| change(&text).map_err(missing)) {
            Ok(text) => drop(self.files.insert(path.to_owned(), text)),
            Err(problem) => self.problems.push(problem),
        }
    }

    /// Changes a file that may not be there, at a place that may not be there.
    pub(crate) fn try_change(
        &mut self,
        path: &str,
        change: impl FnOnce(&str) -> Result<String, String>,
    ) {
        if let Ok(text) = self.text(path).and_then(|text| change(&text)) {
            self.files.insert(path.to_owned(), text);
        }
    }

    /// Writes all files and returns their paths, each with what happened to it.
    ///
    /// # Errors
    /// What is wrong. Then no file has changed.
    pub(crate) fn write(mut self) -> Result<Vec<String>, Vec<String>> {
        for (path, text) in &mut self.files {
            if Path::new(path).extension().is_some_and(|it| it == "rs") && self.problems.is_empty()
            {
                match rust::formatted(&self.root, text) {
                    Ok(formatted) => *text = formatted,
                    Err(error) => self.problems.push(format!("{path}: {error}")),
                }
            }
        }
        if !self.problems.is_empty() {
            return Err(self.problems);
        }
        let mut told = Vec::new();
        let mut before = Vec::new();
        for (path, text) in &self.files {
            let place = self.root.join(path);
            let old = fs::read_to_string(&place).ok();
            told.push(format!("{} {path}", if old.is_some() { "changed" } else { "new    " }));
            before.push((place.clone(), old));
            let folder = place.parent().map_or(Ok(()), fs::create_dir_all);
            if let Err(error) = folder.and_then(|()| fs::write(&place, text)) {
                undo(before);
                return Err(vec![format!("{path}: cannot be written: {error}")]);
            }
        }
        Ok(told)
    }
}

/// Writes the former texts again, and removes files that were not there.
fn undo(before: Vec<(PathBuf, Option<String>)>) {
    for (place, text) in before {
        // There is nothing left to do if this fails too. Git has the files.
        let _ = match text {
            Some(text) => fs::write(place, text),
            None => fs::remove_file(place),
        };
    }
}
