//! Compiles the contract `openapi/projects.yaml` into the operation table.

fn main() {
    openapi::generate("projects");
}
