//! Compiles the contract `openapi/events.yaml` into the operation table.

fn main() {
    contract::generate("events");
}
