//! Where the service listens: at first on loopback, where there is nobody yet who may look after it.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::tls::{Connection, Tls};

/// An address that can't be had is tried again after this time.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// The listener that a door has at present, for the service that follows: who connects meanwhile waits.
#[derive(Debug, Clone, Default)]
pub struct HeldListener(Arc<Mutex<Option<std::net::TcpListener>>>);

impl HeldListener {
    /// The same listener once more: where the service that follows can't be started, the one after it has it too.
    #[must_use]
    pub fn share(&self) -> Option<std::net::TcpListener> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref()?.try_clone().ok()
    }

    /// Takes it; nobody else has it then.
    #[must_use]
    pub fn take(&self) -> Option<std::net::TcpListener> {
        self.put(None)
    }

    fn put(&self, listener: Option<std::net::TcpListener>) -> Option<std::net::TcpListener> {
        std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), listener)
    }
}

/// A listener that may become another one.
#[derive(Debug)]
pub struct Door {
    /// `None` only while it is being replaced.
    listener: Option<TcpListener>,
    held: HeldListener,
    here: SocketAddr,
    /// Where it listens once `opens` is true.
    beyond: Option<SocketAddr>,
    opens: watch::Receiver<bool>,
    tls: Option<Tls>,
}

impl Door {
    /// A listener as it is. Called on a runtime.
    ///
    /// # Errors
    /// As the system has them.
    pub fn of(listener: std::net::TcpListener) -> io::Result<Self> {
        let (_, opens) = watch::channel(true);
        Self::with(listener, None, opens)
    }

    /// A listener on loopback that gives way to one at `beyond` once `opens` is true. Called on a runtime.
    ///
    /// # Errors
    /// As the system has them.
    pub fn opening(
        listener: std::net::TcpListener,
        beyond: SocketAddr,
        opens: watch::Receiver<bool>,
    ) -> io::Result<Self> {
        Self::with(listener, Some(beyond).filter(|beyond| !beyond.ip().is_loopback()), opens)
    }

    fn with(
        listener: std::net::TcpListener,
        beyond: Option<SocketAddr>,
        opens: watch::Receiver<bool>,
    ) -> io::Result<Self> {
        let here = listener.local_addr()?;
        let mut door = Self { listener: None, held: HeldListener::default(), here, beyond, opens, tls: None };
        door.take_up(listener)?;
        Ok(door)
    }

    fn take_up(&mut self, listener: std::net::TcpListener) -> io::Result<()> {
        listener.set_nonblocking(true)?;
        self.listener = Some(TcpListener::from_std(listener.try_clone()?)?);
        self.held.put(Some(listener));
        Ok(())
    }

    /// The same, with connections that speak TLS.
    #[must_use]
    pub fn encrypted(self, tls: Option<Tls>) -> Self {
        Self { tls, ..self }
    }

    /// What connections speak TLS with.
    #[must_use]
    pub fn tls(&self) -> Option<Tls> {
        self.tls.clone()
    }

    /// What it listens with at present.
    #[must_use]
    pub fn held(&self) -> HeldListener {
        self.held.clone()
    }

    /// Whether names other than those of loopback are answered under.
    pub(super) fn opens(&self) -> watch::Receiver<bool> {
        self.opens.clone()
    }

    /// Listens there instead. Loopback and all addresses of one port can't be had at the same time.
    fn move_to(&mut self, address: SocketAddr) -> io::Result<()> {
        self.listener = None;
        drop(self.held.take());
        self.take_up(std::net::TcpListener::bind(address)?)
    }

    async fn open(&mut self, beyond: SocketAddr) {
        self.beyond = None;
        match self.move_to(beyond) {
            Ok(()) => tracing::info!(address = %beyond, "there is an admin: listening"),
            Err(error) => {
                tracing::error!(address = %beyond, %error, "cannot listen there: staying on loopback until a restart");
                // It was ours a moment ago.
                while self.move_to(self.here).is_err() {
                    tokio::time::sleep(TRY_AGAIN_AFTER).await;
                }
            }
        }
    }
}

impl Listener for Door {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, peer) = self.connected().await;
        (Connection::new(stream, self.tls.as_ref()), peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.as_ref().map_or(Ok(self.here), TcpListener::local_addr)
    }
}

impl Door {
    async fn connected(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            let Self { listener, beyond, opens, here, .. } = self;
            let Some(listener) = listener else {
                // Left in the middle of a move.
                let here = *here;
                self.open(here).await;
                continue;
            };
            let Some(beyond) = *beyond else { return Listener::accept(listener).await };
            let opened = tokio::select! {
                accepted = Listener::accept(listener) => return accepted,
                opened = opens.wait_for(|is_open| *is_open) => opened.is_ok(),
            };
            if opened {
                self.open(beyond).await;
            } else {
                // Nobody will say so any more.
                self.beyond = None;
            }
        }
    }
}

/// From where a request comes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub SocketAddr);

impl Connected<IncomingStream<'_, Door>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        Self(*stream.remote_addr())
    }
}
