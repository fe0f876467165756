//! Compiles the contract `openapi/webhooks.yaml` into the operation table.

fn main() {
    contract::generate("webhooks");
}
