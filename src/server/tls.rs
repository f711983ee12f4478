//! TLS for both faces: rustls with the ring provider, TLS 1.2 and 1.3.

use crate::config::BadSetting;
use rustls::{ServerConfig, crypto::ring};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::{path::Path, sync::Arc};
use tokio_rustls::TlsAcceptor;

/// Reads the certificate chain and its key, and sees that they belong together.
///
/// # Errors
/// With a sentence that names the setting at fault.
pub(super) fn acceptor(cert: &Path, key: &Path, protocols: &[&[u8]]) -> Result<TlsAcceptor, BadSetting> {
    let bad = |setting: &str, file: &Path, error: &dyn std::fmt::Display| BadSetting(format!("{setting} {}: {error}.", file.display()));
    let chain: Vec<_> = CertificateDer::pem_file_iter(cert).and_then(Iterator::collect).map_err(|error| bad("--tls-cert", cert, &error))?;
    if chain.is_empty() {
        return Err(bad("--tls-cert", cert, &"no certificate in this file"));
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| bad("--tls-key", key, &error))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| bad("--tls-cert", cert, &error))?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(|error| bad("--tls-key", key, &error))?;
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(TlsAcceptor::from(Arc::new(config)))
}
