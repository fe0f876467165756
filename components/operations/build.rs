//! Compiles the contract `openapi/operations.yaml` into the operation table, and lists the functions
//! with work.

fn main() {
    contract::generate("operations");
    contract::generate_work();
}
