//! Rules of the tree, as tests.

mod circles;
mod components;
mod files;
mod networks;
mod registry;
mod requirements;
mod rooms;
mod scripts;
mod settings;
mod tables;
mod tree;
mod uses;
pub(crate) mod words;
