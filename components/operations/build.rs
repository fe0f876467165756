//! Compiles the contract `openapi/operations.yaml` into the operation table, and lists the functions
//! with work.

fn main() {
    openapi::generate("operations");
    openapi::generate_work();
}
