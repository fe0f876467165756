//! Compiles the contract `openapi/events.yaml` into the operation table.

fn main() {
    openapi::generate("events");
}
