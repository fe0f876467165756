//! Compiles the contract `openapi/auth.yaml` into the operation table.

fn main() {
    contract::generate("auth");
}
