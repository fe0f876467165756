//! Rules of the tree, as tests.

mod components;
mod files;
mod networks;
mod registry;
mod requirements;
mod scripts;
mod tree;
mod words;
