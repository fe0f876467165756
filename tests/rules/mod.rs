//! Rules of the tree, as tests.

mod circles;
mod components;
mod files;
mod networks;
mod registry;
mod requirements;
mod rooms;
mod scripts;
mod tree;
mod uses;
mod words;
