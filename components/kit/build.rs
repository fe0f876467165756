//! Compiles the registry of events.

fn main() {
    openapi::generate_events();
}
