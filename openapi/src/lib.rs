//! The contract of the bundle: the OpenAPI files beside this crate, and the compiler that
//! turns them into what is built from them.
//!
//! - [`generate`] gives each function its operations as Rust (`build.rs` of the function);
//! - [`generate_events`] gives the kit the registry of events (`build.rs` of the kit);
//! - [`bundle`] and [`write_bundle`] give the one document that clients read, with the
//!   errors of the [`registry`];
//! - [`lint`] holds that document against the rules for paths and documentation;
//! - [`pages`] has a page for people about each of these errors.
//!
//! Both come from the same files, so that a route and its contract cannot drift apart: a
//! path or scope that changes here changes the behaviour, an operation without a handler
//! does not compile, and a request schema that the validator could not check in full fails
//! the build instead of being half checked.
//!
//! Absent on purpose: anything that runs in a function. The tables that it needs are plain
//! constants of the types in `kit::contract`.

#[path = "../../components/kit/src/contract.rs"]
pub mod contract;
#[path = "../../components/gateway/src/registry.rs"]
pub mod registry;

mod bundle;
mod characters;
mod errors;
mod events;
mod files;
mod forms;
mod links;
pub mod lint;
#[cfg(test)]
#[allow(dead_code, unreachable_pub, reason = "kit's, for its validator")]
#[path = "../../components/kit/src/moment.rs"]
mod moment;
mod native;
mod operation;
pub mod pages;
mod query;
mod resource;
mod schema;
mod shape;
mod source;
#[cfg(test)]
mod tests;
mod visible;

use std::path::Path;
use std::{env, fs, process};

use anyhow::{Context, Result};
use serde_json::Value;

use contract::{EventType, Operation};

/// Writes the operations of a function to `$OUT_DIR/contract.rs`: the enum `Op` with its
/// implementation of `kit::contract::Operations`. To be called by the function's `build.rs`.
///
/// A contract that cannot be compiled ends the build with a message that names file,
/// operation and keyword.
pub fn generate(function: &str) {
    // Resources of other functions are related to those of this one.
    println!("cargo::rerun-if-changed={}", files::folder().display());
    end(module(function).and_then(|text| write("contract.rs", &text)));
}

/// Writes the registry of events to `$OUT_DIR/events.rs`: the table `EVENT_TYPES`. To be called
/// by the kit's `build.rs`.
pub fn generate_events() {
    println!("cargo::rerun-if-changed={}", files::folder().display());
    end(event_types().and_then(|types| write("events.rs", &events::source(&types))));
}

/// Writes the bundle to `$OUT_DIR/openapi.json`, and its native form alone to
/// `openapi.native.json`. To be called by a `build.rs`.
pub fn write_bundle() {
    println!("cargo::rerun-if-changed={}", files::folder().display());
    let bundle = published().and_then(|bundle| {
        write("openapi.json", &bundle.to_string())?;
        write("openapi.native.json", &native::projected(bundle).to_string())
    });
    end(bundle);
}

/// The one OpenAPI document of all functions, its keys in alphabetical order.
///
/// # Panics
/// When the files beside this crate are not a contract; the tests of this crate show that
/// they are one.
pub fn bundle() -> Value {
    published().unwrap_or_else(|error| panic!("{error:#}"))
}

/// The bundle in the native form alone.
///
/// # Panics
/// As [`bundle`].
pub fn native_bundle() -> Value {
    native::projected(bundle())
}

/// The operations of a function, ordered by path and method.
///
/// # Errors
/// A message that names file, operation and keyword.
pub fn load(function: &str) -> Result<Vec<Operation>> {
    let file = files::read(function)?;
    operation::all(&assemble()?, &file).with_context(|| format!("{function}.yaml"))
}

/// The types of events, in the order of their names.
///
/// # Errors
/// A message that names the type and what is wrong with it.
pub fn event_types() -> Result<Vec<EventType>> {
    events::types(&assemble()?)
}

/// The names of the functions: one for each file of the contract.
///
/// # Errors
/// The folder cannot be read.
pub fn functions() -> Result<Vec<String>> {
    files::functions()
}

/// The content of `$OUT_DIR/contract.rs` of a function.
fn module(function: &str) -> Result<String> {
    let bundle = assemble()?;
    let file = files::read(function)?;
    let resources = resource::of(&bundle, &file).with_context(|| format!("{function}.yaml"))?;
    Ok(source::module(function, &load(function)?, &resources))
}

/// The bundle as clients read it.
fn published() -> Result<Value> {
    let mut bundle = assemble()?;
    characters::describe(&mut bundle);
    bundle.sort_all_objects();
    Ok(bundle)
}

/// The bundle, its keys in alphabetical order.
fn assemble() -> Result<Value> {
    let functions = files::functions()?;
    let files = functions.iter().map(|name| Ok((name.clone(), files::read(name)?)));
    let files = files.collect::<Result<_>>()?;
    let mut bundle = bundle::assemble(files::read(files::COMMON)?, files)?;
    bundle.sort_all_objects();
    Ok(bundle)
}

fn write(name: &str, text: &str) -> Result<()> {
    let folder = env::var("OUT_DIR").context("OUT_DIR is set for build scripts only")?;
    fs::write(Path::new(&folder).join(name), text).with_context(|| format!("cannot write {name}"))
}

/// Ends a build script that failed the way that Cargo shows without a backtrace.
fn end(result: Result<()>) {
    if let Err(error) = result {
        println!("cargo::error=openapi/{error:#}");
        process::exit(1);
    }
}
