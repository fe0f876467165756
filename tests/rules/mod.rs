//! Rules of the tree, as tests.

mod components;
mod files;
mod registry;
mod tree;
