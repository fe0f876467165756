//! The guest side of `wit/`, generated.

#![allow(missing_docs, unsafe_code, clippy::all)]

spin_sdk::wit_bindgen::generate!({
    path: "../../wit",
    world: "function",
    runtime_path: "::spin_sdk::wit_bindgen::rt",
    pub_export_macro: true,
    export_macro_name: "export_route",
    default_bindings_module: "kit::bindings",
});

pub use spin_sdk;

use exports::tenantry::platform::route;
use protocol::{Body, Response};
use spin_sdk::wit_bindgen::StreamReader;
use tenantry::platform::{errors, messages, tenancy};

protocol::conversions!(errors, messages, tenancy, route);

impl From<Response<StreamReader<u8>>> for messages::Response {
    fn from(response: Response<StreamReader<u8>>) -> Self {
        let body = match response.body {
            Body::Empty => messages::Body::Empty,
            Body::Bytes(bytes) => messages::Body::Bytes(bytes),
            Body::Streaming(reader) => messages::Body::Streaming(reader),
        };
        Self { status: response.status, headers: response.headers, body }
    }
}
