//! The names of a function and of a resource: whether they can be taken, and their spellings.

use std::fs;
use std::path::Path;

use openapi::lint;

use crate::tree::Tree;

/// Words that name no module of Rust, and modules of the tests.
const RESERVED: [&str; 24] = [
    "alloc", "async", "await", "const", "core", "crate", "enum", "extern", "impl", "loop", "main",
    "match", "mod", "move", "proc", "return", "self", "static", "std", "struct", "super", "test",
    "trait", "type",
];
/// Plurals that SQL knows as words of its own.
const SQL: [&str; 3] = ["columns", "references", "values"];
/// The longest name, so that names of indexes and variables stay below the limits of the stores.
const LONGEST: usize = 30;

/// What keeps a name from being that of a new function.
pub(crate) fn of_function(name: &str, root: &Path) -> Vec<String> {
    let mut problems = Vec::new();
    let is_word = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    if !is_word || name.len() > LONGEST {
        problems.push(format!(
            "{name}: the name of a function is one word of at most {LONGEST} small letters, \
             because a crate, a module and a variable have it too"
        ));
        return problems;
    }
    let lock = fs::read_to_string(root.join("Cargo.lock")).unwrap_or_default();
    let files = [format!("components/{name}"), format!("openapi/{name}.yaml")];
    let tests = [format!("tests/{name}"), format!("tests/{name}.rs")];
    let there = files.iter().chain(&tests).find(|path| root.join(path).exists());
    if let Some(path) = there {
        problems.push(format!("{name}: {path} exists already"));
    } else if RESERVED.contains(&name) || lock.contains(&format!("\nname = \"{name}\"\n")) {
        problems.push(format!("{name}: a crate has this name, or it is a word of Rust"));
    }
    problems
}

/// What keeps a function from getting a resource.
pub(crate) fn of_known_function(name: &str, root: &Path) -> Vec<String> {
    let manifest = fs::read_to_string(root.join("spin.toml")).unwrap_or_default();
    let known: Vec<_> = manifest.split("\n[component.").skip(1).collect();
    let known = known.iter().filter_map(|part| part.split_once("]\n"));
    let mut known = known.filter(|(name, _)| !name.contains('.'));
    match known.find(|(known, _)| *known == name) {
        None => vec![format!(
            "{name}: there is no such function; `scripts/new function {name}` makes one"
        )],
        Some((_, part)) if !part.contains("sqlite_databases") => {
            vec![format!("{name}: this function has no database")]
        }
        Some(_) => Vec::new(),
    }
}

/// A resource of a function, in all spellings.
pub(crate) struct Names {
    pub(crate) function: String,
    /// `book-reviews`
    pub(crate) collection: String,
    /// `book-review`
    pub(crate) one: String,
    /// The beginning of ids.
    prefix: String,
}

impl Names {
    /// Reports what is wrong with them.
    pub(crate) fn new(
        function: &str,
        collection: &str,
        singular: Option<&str>,
        tree: &mut Tree,
    ) -> Self {
        let one = singular.map_or_else(|| singular_of(collection), str::to_owned);
        let mut names = Self {
            function: function.to_owned(),
            collection: collection.to_owned(),
            one,
            prefix: String::new(),
        };
        let problems = names.problems();
        if problems.is_empty() {
            names.prefix = names.free_prefix(tree);
            let taken = names.taken(tree);
            tree.refuse(taken);
        }
        tree.refuse(problems);
        names
    }

    fn problems(&self) -> Vec<String> {
        let Self { collection, one, .. } = self;
        let mut problems = Vec::new();
        if let Some(problem) = lint::no_collection(collection) {
            problems.push(format!("{collection}: {problem}"));
        }
        if !one.split('-').all(|word| {
            word.starts_with(|c: char| c.is_ascii_lowercase())
                && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        }) {
            problems.push(format!("{one}: is not kebab-case, such as book-review"));
        }
        if one == collection {
            problems.push(format!("{collection}: say what one of them is called (--singular)"));
        }
        if collection.len().max(one.len()) > LONGEST {
            problems.push(format!("{collection}: is longer than {LONGEST} letters"));
        }
        if SQL.contains(&collection.as_str()) {
            problems.push(format!("{collection}: is a word of SQL"));
        }
        problems
    }

    /// What other resources have taken.
    fn taken(&self, tree: &mut Tree) -> Vec<String> {
        if let Err(error) = openapi::event_types() {
            return vec![format!("the contract does not compile: openapi/{error:#}")];
        }
        let bundle = openapi::bundle();
        let mut problems = Vec::new();
        let segment = format!("/{}", self.collection);
        let mut paths = bundle["paths"].as_object().into_iter().flatten();
        if paths.any(|(path, _)| *path == segment || path.starts_with(&(segment.clone() + "/"))) {
            problems.push(format!("{}: the contract has paths below {segment}", self.collection));
        }
        let type_name = self.type_name();
        let schemas = ["", "Write", "Patch"].map(|rest| format!("{type_name}{rest}"));
        let has = |schema: &&String| bundle["components"]["schemas"].get(schema.as_str()).is_some();
        if let Some(schema) = schemas.iter().find(has) {
            problems.push(format!("{}: the contract has a schema {schema}", self.one));
        }
        let area = format!("{}.", self.name());
        let mut events = bundle["webhooks"].as_object().into_iter().flatten();
        if events.any(|(name, _)| name.starts_with(&area)) {
            problems.push(format!("{}: the registry has events of this name", self.one));
        }
        let table = format!("CREATE TABLE {} ", self.table());
        let migrations = tree.migrations();
        if let Some(path) = migrations.iter().find(|path| tree.read(path).contains(&table)) {
            problems.push(format!("{}: {path} has made a table of this name", self.collection));
        }
        problems
    }

    /// A beginning of ids that no other resource has.
    fn free_prefix(&self, tree: &mut Tree) -> String {
        let contract = openapi::functions().unwrap_or_default();
        let yaml = contract.iter().map(|name| tree.read(&format!("openapi/{name}.yaml")));
        let yaml: String = yaml.collect();
        // Ids of what is no resource have their beginnings in the code and in examples.
        let is_free = |prefix: &String| {
            !yaml.contains(&format!(" {prefix}_0A"))
                && !yaml.contains(&format!("prefix: {prefix},"))
        };
        let mut words: Vec<_> = self.one.split('-').collect();
        let last = words.pop().unwrap_or_default();
        let initials: String = words.iter().filter_map(|word| word.chars().next()).collect();
        let from = if last.len() <= 4 { last.len() } else { 3 };
        let mut lengths = (from..=last.len()).chain([last.len()]);
        let found = lengths.find_map(|length| {
            let prefix = format!("{initials}{}", &last[..length]);
            Some(prefix).filter(is_free)
        });
        found.unwrap_or_else(|| format!("{initials}{last}x"))
    }

    /// `book_review`
    pub(crate) fn name(&self) -> String {
        self.one.replace('-', "_")
    }

    /// `book_reviews`
    pub(crate) fn table(&self) -> String {
        self.collection.replace('-', "_")
    }

    /// `book reviews`
    pub(crate) fn words(&self) -> String {
        self.collection.replace('-', " ")
    }

    /// `BOOK_REVIEWS`
    pub(crate) fn constant(&self) -> String {
        self.table().to_uppercase()
    }

    /// `BookReview`
    fn type_name(&self) -> String {
        pascal(&self.one)
    }

    /// A template with these names.
    pub(crate) fn fill(&self, template: &str) -> String {
        let is_vowel = self.one.starts_with(['a', 'e', 'i', 'o']);
        let (a, upper_a) = if is_vowel { ("an", "An") } else { ("a", "A") };
        let other_table = match self.table() == self.collection {
            true => String::new(),
            false => format!(" table: {},", self.table()),
        };
        crate::text::filled(
            template,
            &[
                ("function", &self.function),
                ("collection", &self.collection),
                ("one", &self.one),
                ("name", &self.name()),
                ("table", &self.table()),
                ("other_table", &other_table),
                ("words", &self.words()),
                ("word", &self.one.replace('-', " ")),
                ("CONSTANT", &self.constant()),
                ("Type", &self.type_name()),
                ("Types", &pascal(&self.collection)),
                ("prefix", &self.prefix),
                ("a", a),
                ("A", upper_a),
            ],
        )
    }
}

/// The name of one object, if the plural is regular.
fn singular_of(collection: &str) -> String {
    let stem = |ending: &str| collection.strip_suffix(ending);
    if let Some(stem) = stem("ies").filter(|stem| stem.len() > 1) {
        return format!("{stem}y");
    }
    let hisses = |stem: &&str| ["s", "x", "z", "ch", "sh"].iter().any(|end| stem.ends_with(end));
    let one = stem("es").filter(hisses).or_else(|| stem("s"));
    one.unwrap_or(collection).to_owned()
}

fn pascal(kebab: &str) -> String {
    let word = |word: &str| word[..1].to_uppercase() + &word[1..];
    kebab.split('-').map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals_have_singulars() {
        for (many, one) in [
            ("books", "book"),
            ("book-entries", "book-entry"),
            ("boxes", "box"),
            ("batches", "batch"),
            ("invoices", "invoice"),
            ("people", "people"),
        ] {
            assert_eq!(singular_of(many), one);
        }
    }

    #[test]
    fn names_have_spellings() {
        let names = Names {
            function: "library".to_owned(),
            collection: "audio-books".to_owned(),
            one: "audio-book".to_owned(),
            prefix: "abook".to_owned(),
        };
        let told = names.fill("{{a}} {{word}}, {{Types}} {{CONSTANT}} {{name}}{{other_table}}");
        assert_eq!(told, "an audio book, AudioBooks AUDIO_BOOKS audio_book table: audio_books,");
        assert_eq!(names.problems(), Vec::<String>::new());
    }

    #[test]
    fn wrong_names_are_refused_all_at_once() {
        let wrong = |collection: &str, one: &str| {
            let (collection, one) = (collection.to_owned(), one.to_owned());
            let function = "library".to_owned();
            Names { function, collection, one, prefix: String::new() }.problems()
        };
        assert_eq!(wrong("Book", "").len(), 2);
        for (many, one) in
            [("list-books", "a"), ("book", "a"), ("values", "value"), ("people", "people")]
        {
            assert_eq!(wrong(many, one).len(), 1, "{many}");
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for name in ["my-function", "projects", "kit", "serde", "match", "support", "9a", ""] {
            assert_eq!(of_function(name, &root).len(), 1, "{name}");
        }
        assert!(of_function("scriptorium", &root).is_empty());
        assert_eq!(of_known_function("docs", &root), ["docs: this function has no database"]);
        assert_eq!(of_known_function("scriptorium", &root).len(), 1);
        assert!(of_known_function("projects", &root).is_empty());
    }
}
