//! Compiles the registry of events, and the scopes of the roles.

fn main() {
    openapi::generate_events();
    openapi::generate_scopes();
}
