//! Compiles the contract `openapi/integrations.yaml` into the operation table.

fn main() {
    openapi::generate("integrations");
}
