//! Compiles the contract `openapi/webhooks.yaml` into the operation table.

fn main() {
    openapi::generate("webhooks");
}
