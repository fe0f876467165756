//! What the tests share.

#[macro_use]
pub mod words;

pub mod client;
pub mod clock;
pub mod contract;
pub mod json_api;
pub mod packages;
pub mod process;
pub mod raw;
pub mod receiver;
pub mod seal;
pub mod server;
pub mod servers;
pub mod snapshot;
pub mod stores;

pub use client::{Client, Exchange};
pub use server::{App, Placement, dedicated, shared};

/// Runs each test against the shared server of each placement.
#[macro_export]
macro_rules! placements {
    ($($(#[$meta:meta])* async fn $name:ident($app:ident) $body:block)*) => {
        $(
            $(#[$meta])*
            mod $name {
                #[allow(unused_imports)]
                use super::*;

                async fn run($app: $crate::support::App) $body

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn fused() {
                    run($crate::support::shared($crate::support::Placement::Fused)).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn composed() {
                    run($crate::support::shared($crate::support::Placement::Composed)).await;
                }
            }
        )*
    };
}

/// Runs each of these functions of a placement, which start a server of their own.
#[macro_export]
macro_rules! both {
    ($($name:ident)*) => {
        $(mod $name {
            use $crate::support::Placement;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn fused() {
                super::$name(Placement::Fused).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn composed() {
                super::$name(Placement::Composed).await;
            }
        })*
    };
}
