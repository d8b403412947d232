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
        let before = store.len();
        for certificate in file {
            let certificate = certificate.map_err(|error| refused(error.to_string()))?;
            store.add(certificate).map_err(|error| refused(error.to_string()))?;
        }
        if store.len() == before {
            return Err(refused("there is none in it".to_owned()));
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
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::path::PathBuf;
    use std::thread::JoinHandle;

    use rustls::pki_types::PrivateKeyDer;
    use rustls::{ServerConfig, ServerConnection, Stream};

    use super::*;
    use crate::http::{Client, Failure, Options, Proxy, Request, Url};

    /// A certificate for localhost, signed by itself, and its key: of use to nobody outside these tests.
    fn testdata(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/testdata").join(name)
    }

    /// Serves one connection over TLS and tells whether a request came through.
    fn serve_once() -> (Url, JoinHandle<bool>) {
        let key = PrivateKeyDer::from_pem_file(testdata("server.key.pem")).unwrap();
        let certificate = CertificateDer::from_pem_file(testdata("server.crt.pem")).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url =
            Url::parse(&format!("https://localhost:{}/", listener.local_addr().unwrap().port())).unwrap();
        let task = std::thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let mut connection = ServerConnection::new(Arc::new(config)).unwrap();
            let mut stream = Stream::new(&mut connection, &mut socket);
            let mut request = [0; 1024];
            let came = stream.read(&mut request).is_ok_and(|length| length > 0);
            came && stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").is_ok()
        });
        (url, task)
    }

    async fn get(tls: Tls) -> (Result<u16, Error>, bool) {
        let (url, server) = serve_once();
        let options = Options { tls: Some(tls), proxy: Proxy::Direct, ..Options::default() };
        let result = Client::new(options).unwrap().send(Request::get(url)).await;
        (result.map(|response| response.status), server.join().unwrap())
    }

    #[tokio::test]
    async fn a_stranger_is_refused_at_once_with_a_way_out() {
        let (result, came) = get(Tls::load(Verify::Full, None).unwrap()).await;
        let error = result.unwrap_err();
        let Error::Unreachable { attempts: 1, last: Failure::Certificate(_), .. } = &error else {
            panic!("{error:?}")
        };
        assert!(error.to_string().contains("SSL_CERT_FILE"), "{error}");
        assert!(!came, "nothing was said to the stranger");
    }

    #[tokio::test]
    async fn an_extra_file_introduces_it() {
        let tls = Tls::load(Verify::Full, Some(&testdata("server.crt.pem"))).unwrap();
        let (result, came) = get(tls).await;
        assert_eq!(result.unwrap(), 204);
        assert!(came);
    }

    #[tokio::test]
    async fn without_checks_anybody_is_believed() {
        let (result, _) = get(Tls::load(Verify::Off, None).unwrap()).await;
        assert_eq!(result.unwrap(), 204);
    }

    #[test]
    fn an_extra_file_that_cannot_be_read_is_named() {
        for path in [PathBuf::from("/nowhere/ca.pem"), testdata("server.key.pem")] {
            let error = Tls::load(Verify::Full, Some(&path)).unwrap_err().to_string();
            assert!(error.contains(&path.display().to_string()), "{error}");
        }
    }
}
