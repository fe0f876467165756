//! Compiles the registry of events.

fn main() {
    contract::generate_events();
}
