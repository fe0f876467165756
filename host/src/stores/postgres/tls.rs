//! TLS to databases.

use crate::system::tls::{certificates, client};
use rustls::RootCertStore;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Makes TLS connections that trust `roots` and the certificates in `ca`.
pub(super) fn connector(
    roots: &RootCertStore,
    ca: Option<&str>,
) -> Result<MakeRustlsConnect, String> {
    let mut roots = roots.clone();
    for certificate in ca.map_or(Ok(Vec::new()), certificates)? {
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    client(roots).map(MakeRustlsConnect::new).map_err(|error| error.to_string())
}
