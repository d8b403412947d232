//! Whom to trust: the machine's roots, the embedded ones, and extra files.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::Error;

/// Whether the other side has to prove who it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verify {
    /// Certificates are checked.
    #[default]
    Full,
    /// Anybody is believed. For test set-ups only.
    Off,
}

/// A TLS configuration; cheap to clone, so that both sides can share one.
#[derive(Clone, Debug)]
pub struct Tls(Arc<ClientConfig>);

impl Tls {
    /// Reads the roots of the machine (`SSL_CERT_FILE` and `SSL_CERT_DIR` replace them), adds the embedded ones and
    /// those of `extra`, a file of PEM certificates. A machine without roots is no error, an unreadable `extra` is.
    pub fn load(verify: Verify, extra: Option<&Path>) -> Result<Self, Error> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::Setup(format!("no TLS version can be offered: {error}")))?;
        let config = match verify {
            Verify::Full => builder.with_root_certificates(roots(extra)?).with_no_client_auth(),
            Verify::Off => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Credulous(provider)))
                .with_no_client_auth(),
        };
        Ok(Self(Arc::new(config)))
    }

    pub(super) fn config(&self) -> ClientConfig {
        ClientConfig::clone(&self.0)
    }
}

fn roots(extra: Option<&Path>) -> Result<RootCertStore, Error> {
    let mut store = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let native = rustls_native_certs::load_native_certs();
    for error in native.errors {
        tracing::debug!(%error, "a root certificate of this machine could not be read");
    }
    store.add_parsable_certificates(native.certs);
    if let Some(path) = extra {
        let refused = |error: String| {
            Error::Setup(format!("cannot read certificates from `{}`: {error}", path.display()))
        };
        let file = CertificateDer::pem_file_iter(path).map_err(|error| refused(error.to_string()))?;
        for certificate in file {
            let certificate = certificate.map_err(|error| refused(error.to_string()))?;
            store.add(certificate).map_err(|error| refused(error.to_string()))?;
        }
    }
    Ok(store)
}

/// Believes every certificate; signatures are still checked.
#[derive(Debug)]
struct Credulous(Arc<CryptoProvider>);

impl ServerCertVerifier for Credulous {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_extra_file_is_named() {
        let error = Tls::load(Verify::Full, Some(Path::new("/nowhere/ca.pem"))).unwrap_err();
        assert!(error.to_string().contains("/nowhere/ca.pem"), "{error}");
    }

    #[test]
    fn checks_can_be_switched_off() {
        assert!(Tls::load(Verify::Off, None).is_ok());
    }
}
