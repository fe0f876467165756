//! Rules of the tree, as tests.

mod components;
mod files;
mod networks;
mod registry;
mod tree;
mod words;
