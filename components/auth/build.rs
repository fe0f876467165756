//! Compiles the contract `openapi/auth.yaml` into the operation table.

fn main() {
    openapi::generate("auth");
}
