//! Compiles the operations of this function and writes the document that it serves.

fn main() {
    contract::generate("docs");
    contract::write_bundle();
}
