//! Compiles the contract `openapi/projects.yaml` into the operation table.

fn main() {
    contract::generate("projects");
}
