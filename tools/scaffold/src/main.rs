//! Writes a new function or a new resource into the tree: `scripts/new`, whose help explains it.
//!
//! - `names.rs` checks a name and has its spellings;
//! - `function.rs` and `resource.rs` have the places, one after the other;
//! - `text.rs` finds a place in a file and inserts there, `rust.rs` the same for Rust;
//! - `tree.rs` collects all changes and writes all of them or none;
//! - `templates/` has the new texts. What another function has already is copied from `projects`, so
//!   that it is not said twice.

mod function;
mod names;
mod resource;
mod rust;
mod text;
mod tree;

use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use names::Names;
use tree::Tree;

/// Writes a new function or a new resource into the tree.
#[derive(Parser)]
#[command(name = "scripts/new", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// A function with its first resource.
    Function {
        /// The name of the function, one word.
        name: String,
        /// The name of its first resource, a plural. If the name of the function is a plural, then
        /// the resource may have the same name.
        resource: Option<String>,
        /// One object of the resource, if the plural does not tell.
        #[arg(long, value_name = "NAME")]
        singular: Option<String>,
        /// A sentence about the function.
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
    },
    /// A resource of a function that exists.
    Resource {
        /// The function.
        function: String,
        /// The name of the resource, a plural.
        name: String,
        /// One object of the resource, if the plural does not tell.
        #[arg(long, value_name = "NAME")]
        singular: Option<String>,
    },
}

fn main() -> ExitCode {
    let mut tree = Tree::new(Path::new("."));
    let function = write(Arguments::parse().what, &mut tree);
    match tree.write() {
        Ok(files) => {
            files.iter().for_each(|file| println!("  {file}"));
            println!("\nNext: scripts/up serves it, and scripts/test {function} tests it.");
            ExitCode::SUCCESS
        }
        Err(problems) => {
            problems.iter().for_each(|problem| eprintln!("Error: {problem}"));
            eprintln!("Nothing was written.");
            ExitCode::FAILURE
        }
    }
}

/// Collects the changes. Returns the name of the function.
fn write(what: What, tree: &mut Tree) -> String {
    match what {
        What::Function { name, resource, singular, description } => {
            let collection = resource.unwrap_or_else(|| name.clone());
            tree.refuse(names::of_function(&name, tree.root()));
            let names = Names::new(&name, &collection, singular.as_deref(), tree);
            let description =
                description.unwrap_or_else(|| format!("The {} of a tenant.", names.words()));
            if tree.problems().is_empty() {
                function::write(tree, &names, &description);
                resource::write(tree, &names);
            }
            name
        }
        What::Resource { function, name, singular } => {
            tree.refuse(names::of_known_function(&function, tree.root()));
            let names = Names::new(&function, &name, singular.as_deref(), tree);
            if tree.problems().is_empty() {
                resource::add(tree, &names);
                resource::write(tree, &names);
            }
            function
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What this crate changes is in the files where it looks for it. Nothing is written.
    #[test]
    fn every_place_of_this_checkout_is_found() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let (name, singular) = ("codices".to_owned(), Some("codex".to_owned()));
        let functions = openapi::functions().expect("functions");
        let known =
            functions.into_iter().filter(|it| names::of_known_function(it, &root).is_empty());
        let known = known.map(|function| What::Resource {
            function,
            name: name.clone(),
            singular: singular.clone(),
        });
        let resource = Some(name.clone());
        let function = What::Function {
            name: "scriptorium".to_owned(),
            resource,
            singular: singular.clone(),
            description: None,
        };
        for what in known.chain([function]) {
            let mut tree = Tree::new(&root);
            let function = write(what, &mut tree);
            assert_eq!(tree.problems(), [""; 0], "{function}");
            assert!(tree.read(&format!("openapi/{function}.yaml")).contains("  /codices:\n"));
        }
    }

    #[test]
    fn an_existing_file_is_not_overwritten() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut tree = Tree::new(root);
        tree.create("new.txt", String::new());
        tree.create("Cargo.toml", String::new());
        tree.change("build.rs", |_| unreachable!("it is not there"));
        tree.change("src/main.rs", |_| Err("there is no place".to_owned()));
        let problems = tree.write().expect_err("three problems");
        assert_eq!(problems[0], "Cargo.toml: exists already");
        assert!(problems[1].starts_with("build.rs: cannot be read"), "{problems:?}");
        assert_eq!(problems[2], "src/main.rs: there is no place; change it by hand");
        assert!(!root.join("new.txt").exists());
    }
}
