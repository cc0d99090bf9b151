//! TLS of the service's own, for those who reach it without a proxy.

use std::fmt;
use std::fs;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant, SystemTime};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{Accept, TlsAcceptor};

use crate::config::TlsPlan;

/// The files are looked at again after so long: certificates are renewed while the service runs.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Whoever connects has to begin to speak TLS within this time.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// A connection over which nothing has gone in either direction for so long is over. Events come every few seconds, and no
/// other answer takes as long.
const QUIET_FOR: Duration = Duration::from_secs(180);
/// What every TLS connection begins with: a record of a handshake.
const HANDSHAKE_RECORD: u8 = 22;
const NOT_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n\
    This service speaks TLS: write https:// in place of http://\n";

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can't be read, or holds something else.
    #[error("cannot read {what} {}: {why}; expected a PEM file", path.display())]
    File {
        /// Which of the two.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// They don't fit.
    #[error("the certificate {} and the key {} do not make a pair: {why}", certificate.display(), key.display())]
    NoPair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What is wrong.
        why: String,
    },
}

/// TLS with the certificate that the files hold. Clones share it.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    plan: TlsPlan,
}

impl Tls {
    /// Reads certificate and key, and looks at the files again while it is used.
    ///
    /// # Errors
    /// They can't be read, or are no pair.
    pub fn open(plan: &TlsPlan) -> Result<Self, TlsError> {
        let files = CertificateFiles::open(plan)?;
        let with_versions = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| files.no_pair(&error))?;
        let mut config = with_versions.with_no_client_auth().with_cert_resolver(Arc::new(files));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), plan: plan.clone() })
    }

    /// Whether these are its files.
    #[must_use]
    pub fn is_of(&self, plan: &TlsPlan) -> bool {
        self.plan == *plan
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("plan", &self.plan).finish_non_exhaustive()
    }
}

/// Certificate and key, read anew when the files are.
#[derive(Debug)]
struct CertificateFiles {
    plan: TlsPlan,
    newest: Mutex<Newest>,
}

#[derive(Debug)]
struct Newest {
    looked: Instant,
    modified: [Option<SystemTime>; 2],
    certified: Arc<CertifiedKey>,
}

fn file_fault(what: &'static str, path: &Path, why: impl fmt::Display) -> TlsError {
    TlsError::File { what, path: path.to_owned(), why: why.to_string() }
}

fn modified(plan: &TlsPlan) -> [Option<SystemTime>; 2] {
    [&plan.certificate, &plan.key].map(|path| fs::metadata(path).and_then(|file| file.modified()).ok())
}

impl CertificateFiles {
    fn open(plan: &TlsPlan) -> Result<Self, TlsError> {
        let newest = Newest { looked: Instant::now(), modified: modified(plan), certified: Self::read(plan)? };
        Ok(Self { plan: plan.clone(), newest: Mutex::new(newest) })
    }

    fn read(plan: &TlsPlan) -> Result<Arc<CertifiedKey>, TlsError> {
        let of_chain = |error: rustls::pki_types::pem::Error| file_fault("the certificate", &plan.certificate, error);
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&plan.certificate)
            .map_err(of_chain)?
            .collect::<Result<_, _>>()
            .map_err(of_chain)?;
        if chain.is_empty() {
            return Err(file_fault("the certificate", &plan.certificate, "found no certificate in it"));
        }
        let key = PrivateKeyDer::from_pem_file(&plan.key).map_err(|error| file_fault("the key", &plan.key, error))?;
        let certified = CertifiedKey::from_der(chain, key, &ring::default_provider());
        Ok(Arc::new(certified.map_err(|error| no_pair(plan, &error))?))
    }

    fn no_pair(&self, error: &rustls::Error) -> TlsError {
        no_pair(&self.plan, error)
    }

    /// The certificate by now. Files that can't be read, half-written ones for example, are looked at again later.
    fn at(&self, now: Instant) -> Arc<CertifiedKey> {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_duration_since(newest.looked) >= LOOK_EVERY {
            newest.looked = now;
            let modified = modified(&self.plan);
            if modified != newest.modified {
                match Self::read(&self.plan) {
                    Ok(certified) => {
                        tracing::info!("the certificate was read anew");
                        (newest.certified, newest.modified) = (certified, modified);
                    }
                    Err(error) => tracing::error!(%error, "the certificate was changed: going on with the one before"),
                }
            }
        }
        Arc::clone(&newest.certified)
    }
}

fn no_pair(plan: &TlsPlan, error: &rustls::Error) -> TlsError {
    TlsError::NoPair { certificate: plan.certificate.clone(), key: plan.key.clone(), why: error.to_string() }
}

impl ResolvesServerCert for CertificateFiles {
    fn resolve(&self, _client: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.at(Instant::now()))
    }
}

/// A connection, encrypted or not. Its handshake comes with its first byte, so that nobody who connects and says nothing
/// keeps others waiting.
pub struct Connection {
    stage: Stage,
    /// Whoever has gone without a word, a phone out of reach for example, is not waited for for ever.
    quiet: Pin<Box<Sleep>>,
}

enum Stage {
    Plain(TcpStream),
    /// Nothing has come yet.
    Silent {
        stream: Option<TcpStream>,
        tls: Tls,
        until: Pin<Box<Sleep>>,
    },
    Handshake {
        accept: Box<Accept<TcpStream>>,
        until: Pin<Box<Sleep>>,
    },
    Encrypted(Box<TlsStream<TcpStream>>),
}

impl Connection {
    pub(super) fn new(stream: TcpStream, tls: Option<&Tls>) -> Self {
        let stage = match tls {
            None => Stage::Plain(stream),
            Some(tls) => Stage::Silent {
                stream: Some(stream),
                tls: tls.clone(),
                until: Box::pin(tokio::time::sleep(HANDSHAKE_WITHIN)),
            },
        };
        Self { stage, quiet: Box::pin(tokio::time::sleep(QUIET_FOR)) }
    }

    /// What became of a read or write, and the end of a connection that has been quiet for too long.
    fn heard<T>(&mut self, context: &mut Context<'_>, became: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if became.is_ready() {
            self.quiet.as_mut().reset(tokio::time::Instant::now() + QUIET_FOR);
            return became;
        }
        ready!(self.quiet.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// What is read from and written to, once it is known.
    fn stream(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Pin<&mut dyn Stream>>> {
        ready!(self.greet(context))?;
        Poll::Ready(match &mut self.stage {
            Stage::Plain(stream) => Ok(Pin::new(stream)),
            Stage::Encrypted(stream) => Ok(Pin::new(stream.as_mut())),
            Stage::Silent { .. } | Stage::Handshake { .. } => Err(io::ErrorKind::NotConnected.into()),
        })
    }

    /// Goes on until there is a stream.
    fn greet(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            match &mut self.stage {
                Stage::Plain(_) | Stage::Encrypted(_) => return Poll::Ready(Ok(())),
                Stage::Silent { stream, tls, until } => {
                    let Some(silent) = stream.as_ref() else {
                        return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
                    };
                    let mut first = [0];
                    let Poll::Ready(read) = silent.poll_peek(context, &mut ReadBuf::new(&mut first)) else {
                        ready!(until.as_mut().poll(context));
                        return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                    };
                    if read? == 0 {
                        return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
                    }
                    if first[0] != HANDSHAKE_RECORD {
                        // Some bytes into an empty buffer. What was asked is read first: closing before would take the
                        // answer away. Where either fails, nothing is lost.
                        let _ = silent.try_read(&mut [0; 4096]);
                        let _ = silent.try_write(NOT_TLS);
                        return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
                    }
                    let Some(stream) = stream.take() else { continue };
                    let accept = Box::new(tls.acceptor.accept(stream));
                    let until = Box::pin(tokio::time::sleep(HANDSHAKE_WITHIN));
                    self.stage = Stage::Handshake { accept, until };
                }
                Stage::Handshake { accept, until } => match Pin::new(accept.as_mut()).poll(context) {
                    Poll::Ready(stream) => self.stage = Stage::Encrypted(Box::new(stream?)),
                    Poll::Pending => {
                        ready!(until.as_mut().poll(context));
                        return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                    }
                },
            }
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl Stream for TcpStream {}
impl Stream for TlsStream<TcpStream> {}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let became = ready!(this.stream(context))?.poll_read(context, into);
        this.heard(context, became)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let became = ready!(this.stream(context))?.poll_write(context, bytes);
        this.heard(context, became)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.get_mut().stream(context))?.poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &self.stage {
            // There is nobody to take leave of.
            Stage::Silent { .. } | Stage::Handshake { .. } => Poll::Ready(Ok(())),
            Stage::Plain(_) | Stage::Encrypted(_) => ready!(self.get_mut().stream(context))?.poll_shutdown(context),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let became = ready!(this.stream(context))?.poll_write_vectored(context, parts);
        this.heard(context, became)
    }

    fn is_write_vectored(&self) -> bool {
        // So do both kinds.
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes a new certificate for localhost, with its key.
    fn write_pair(plan: &TlsPlan) -> Vec<u8> {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        fs::write(&plan.certificate, made.cert.pem()).unwrap();
        fs::write(&plan.key, made.signing_key.serialize_pem()).unwrap();
        made.cert.der().to_vec()
    }

    fn plan(folder: &Path) -> TlsPlan {
        TlsPlan { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") }
    }

    #[test]
    fn a_renewed_certificate_is_taken_and_a_broken_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let plan = plan(folder.path());
        let first = write_pair(&plan);
        let files = CertificateFiles::open(&plan).unwrap();
        let begun = Instant::now();
        let at = |minutes: u64| files.at(begun + LOOK_EVERY * (minutes as u32 + 1)).cert[0].to_vec();
        let set_modified = |minutes: u64| {
            let time = SystemTime::now() + Duration::from_secs(60 * minutes);
            fs::File::options().write(true).open(&plan.certificate).unwrap().set_modified(time).unwrap();
        };
        assert_eq!(at(0), first);
        let second = write_pair(&plan);
        set_modified(1);
        assert_eq!(files.at(begun).cert[0].to_vec(), first, "it is not looked at with every connection");
        assert_eq!(at(1), second);
        // In the middle of being exchanged.
        fs::write(&plan.certificate, "").unwrap();
        set_modified(2);
        assert_eq!(at(2), second);
        let third = write_pair(&plan);
        set_modified(3);
        assert_eq!(at(3), third);
    }

    #[test]
    fn what_is_wrong_with_the_files_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let plan = plan(folder.path());
        let fault = |plan: &TlsPlan| Tls::open(plan).unwrap_err().to_string();
        assert!(fault(&plan).starts_with("cannot read the certificate "), "{}", fault(&plan));
        write_pair(&plan);
        fs::remove_file(&plan.key).unwrap();
        assert!(fault(&plan).starts_with("cannot read the key "), "{}", fault(&plan));
        fs::write(&plan.key, "no key").unwrap();
        assert!(fault(&plan).contains("expected a PEM file"), "{}", fault(&plan));
        let certificate = {
            write_pair(&plan);
            fs::read(&plan.certificate).unwrap()
        };
        write_pair(&plan);
        fs::write(&plan.certificate, certificate).unwrap();
        assert!(fault(&plan).contains("do not make a pair"), "{}", fault(&plan));
        fs::write(&plan.certificate, "").unwrap();
        assert!(fault(&plan).contains("found no certificate in it"), "{}", fault(&plan));
    }
}
