//! The operations and resources of this function, which its build makes from the contract.

#![allow(missing_docs, unreachable_pub)]

include!(concat!(env!("OUT_DIR"), "/contract.rs"));
