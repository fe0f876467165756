//! Compiles the registry of events, and the scopes of the roles.

fn main() {
    contract::generate_events();
    contract::generate_scopes();
}
