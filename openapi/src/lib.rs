//! The contract: the OpenAPI files beside this crate, and the compiler that turns them into Rust
//! and into the published document.
//!
//! - [`generate`] writes the operations of a function as Rust (`build.rs` of the function);
//! - [`generate_events`] and [`generate_scopes`] write the registry of events and the scopes of roles
//!   as Rust (`build.rs` of the kit);
//! - [`bundle`] and [`write_bundle`] make the one document that clients read, with the errors of
//!   [`protocol::registry`];
//! - [`lint`] checks that document against the rules for paths and documentation;
//! - [`pages`] makes a page for people about each of these errors, and [`settings`] one about the
//!   settings.
//!
//! The Rust and the document come from the same files, so that a route and its contract cannot
//! drift apart. If a path or scope changes here, then the behaviour changes. An operation without a
//! handler does not compile. If the validator could not check a request schema in full, then the
//! build fails, so that no request is only half checked.
//!
//! Left out on purpose: anything that runs in a function. The tables that a function needs are
//! plain constants of the types in `kit::contract`.

mod bundle;
mod characters;
mod document;
mod errors;
mod events;
mod files;
mod forms;
mod internal;
mod links;
pub mod lint;
mod native;
mod operation;
pub mod pages;
mod query;
mod resource;
mod schema;
mod scopes;
pub mod settings;
mod shape;
mod source;
#[cfg(test)]
mod tests;
mod visible;

use std::path::Path;
use std::{env, fs, process};

use anyhow::{Context, Result};
use protocol::contract::{EventType, Operation};
use serde_json::Value;

/// Writes the operations of a function to `$OUT_DIR/contract.rs`: the enum `Op` with its
/// implementation of `kit::contract::Operations`, and each resource with constants for its fields.
/// The `build.rs` of the function calls it.
///
/// If the contract cannot be compiled, then the build fails with a message that names file,
/// operation and keyword.
pub fn generate(function: &str) {
    // All files, because the resources of this function may be related to those of others.
    println!("cargo::rerun-if-changed={}", files::folder().display());
    exit_on_error(module(function).and_then(|text| write("contract.rs", &text)));
}

/// Writes the registry of events to `$OUT_DIR/events.rs`: the table `EVENT_TYPES`. The `build.rs`
/// of the kit calls it.
pub fn generate_events() {
    println!("cargo::rerun-if-changed={}", files::folder().display());
    exit_on_error(event_types().and_then(|types| write("events.rs", &events::source(&types))));
}

/// Writes the functions with background work to `$OUT_DIR/work.rs`: the table `WORK`. The `build.rs`
/// of the function `operations`, which calls their work, calls it.
pub fn generate_work() {
    println!("cargo::rerun-if-changed={}", files::folder().display());
    let work = all_files().and_then(|files| internal::work(&files));
    exit_on_error(work.and_then(|work| write("work.rs", &internal::source(&work))));
}

/// Writes the scopes to `$OUT_DIR/scopes.rs`: the tables `SCOPES` and `ROLES`. The `build.rs` of the
/// kit calls it.
///
/// The build fails if an operation needs a scope that nobody can hold, or if nothing needs a scope.
pub fn generate_scopes() {
    println!("cargo::rerun-if-changed={}", files::folder().display());
    let scopes = assemble().and_then(|_| scopes::declared(&files::read(files::COMMON)?));
    exit_on_error(scopes.and_then(|scopes| write("scopes.rs", &scopes::source(&scopes))));
}

/// Writes the bundle to `$OUT_DIR/openapi.json`, and the bundle with the native form only to
/// `openapi.native.json`. A `build.rs` calls it.
pub fn write_bundle() {
    println!("cargo::rerun-if-changed={}", files::folder().display());
    let bundle = published().and_then(|bundle| {
        write("openapi.json", &bundle.to_string())?;
        write("openapi.native.json", &native::project_to_json(bundle).to_string())
    });
    exit_on_error(bundle);
}

/// The one OpenAPI document of all functions, with its keys in alphabetical order.
///
/// # Panics
/// If the files beside this crate are not a valid contract. The tests of this crate check that they
/// are.
pub fn bundle() -> Value {
    published().unwrap_or_else(|error| panic!("{error:#}"))
}

/// The bundle with the native form only.
///
/// # Panics
/// As [`bundle`].
pub fn native_bundle() -> Value {
    native::project_to_json(bundle())
}

/// The operations of a function, ordered by path and method.
///
/// # Errors
/// A message that names file, operation and keyword.
pub fn load(function: &str) -> Result<Vec<Operation>> {
    let file = files::read(function)?;
    operation::all(&assemble()?, &file).with_context(|| format!("{function}.yaml"))
}

/// All event types, in the order of their names.
///
/// # Errors
/// A message that names the event type and what is wrong with it.
pub fn event_types() -> Result<Vec<EventType>> {
    events::types(&assemble()?)
}

/// The names of the functions: one for each file of the contract.
///
/// # Errors
/// An error if the folder cannot be read.
pub fn functions() -> Result<Vec<String>> {
    files::functions()
}

/// The content of `$OUT_DIR/contract.rs` of a function.
fn module(function: &str) -> Result<String> {
    let bundle = assemble()?;
    let file = files::read(function)?;
    let resources = resource::of(&bundle, &file).with_context(|| format!("{function}.yaml"))?;
    let recorder = internal::recorder(function, &file);
    Ok(source::module(function, recorder, &load(function)?, &resources))
}

/// The bundle in the form that clients read.
fn published() -> Result<Value> {
    let mut bundle = assemble()?;
    internal::hide(&mut bundle);
    characters::describe(&mut bundle);
    bundle.sort_all_objects();
    Ok(bundle)
}

/// The bundle with its keys in alphabetical order, before `published` completes it.
fn assemble() -> Result<Value> {
    let files = all_files()?;
    internal::work(&files)?;
    let common = files::read(files::COMMON)?;
    let scopes = scopes::declared(&common)?;
    let mut bundle = bundle::assemble(common, files)?;
    scopes::check(&scopes, &bundle)?;
    bundle.sort_all_objects();
    Ok(bundle)
}

/// The files of all functions, with their names.
fn all_files() -> Result<Vec<(String, Value)>> {
    let functions = files::functions()?;
    functions.iter().map(|name| Ok((name.clone(), files::read(name)?))).collect()
}

fn write(name: &str, text: &str) -> Result<()> {
    let folder = env::var("OUT_DIR").context("OUT_DIR is set for build scripts only")?;
    fs::write(Path::new(&folder).join(name), text).with_context(|| format!("cannot write {name}"))
}

/// Ends a build script. Cargo shows an error in this form without a backtrace.
fn exit_on_error(result: Result<()>) {
    if let Err(error) = result {
        println!("cargo::error=openapi/{error:#}");
        process::exit(1);
    }
}
