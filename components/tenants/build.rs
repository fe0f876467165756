//! Compiles the contract `openapi/tenants.yaml` into the operation table.

fn main() {
    openapi::generate("tenants");
}
