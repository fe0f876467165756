//! TLS to databases: always verified, against the system's roots and a guest's own.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use tokio_postgres_rustls::MakeRustlsConnect;

/// The roots that this machine trusts. A machine without any can still reach databases
/// without TLS, and those whose root a guest brings.
pub(super) fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

/// Reads the certificates of a PEM text, of which there must be one.
pub(crate) fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match found {
        Ok(found) if found.is_empty() => Err("there is none in the PEM text".to_owned()),
        Ok(found) => Ok(found),
        Err(error) => Err(error.to_string()),
    }
}

/// Makes TLS connections that trust `roots`, and what `ca` has.
pub(super) fn connector(
    roots: &RootCertStore,
    ca: Option<&str>,
) -> Result<MakeRustlsConnect, String> {
    let mut roots = roots.clone();
    for certificate in ca.map_or(Ok(Vec::new()), certificates)? {
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    let config =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
