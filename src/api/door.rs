//! Where the service listens: at first on loopback, where there is nobody yet who may look after it.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// An address that can't be had is tried again after this time.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// A listener that may become another one.
#[derive(Debug)]
pub struct Door {
    /// `None` only while it is being replaced.
    listener: Option<TcpListener>,
    /// On loopback until this is so.
    here: SocketAddr,
    beyond: Option<SocketAddr>,
    opens: watch::Receiver<bool>,
}

impl Door {
    /// A listener as it is. `is_open`: names other than those of loopback are answered under.
    ///
    /// # Errors
    /// Where the listener has no address.
    pub fn of(listener: TcpListener, is_open: bool) -> std::io::Result<Self> {
        let here = listener.local_addr()?;
        let (sender, opens) = watch::channel(is_open);
        drop(sender);
        Ok(Self { listener: Some(listener), here, beyond: None, opens })
    }

    /// A listener on loopback that gives way to one at `beyond` (the same port, where it is 0 there) once `opens` is true.
    ///
    /// # Errors
    /// Where the listener has no address.
    pub fn opening(listener: TcpListener, beyond: SocketAddr, opens: watch::Receiver<bool>) -> std::io::Result<Self> {
        let here = listener.local_addr()?;
        let port = if beyond.port() == 0 { here.port() } else { beyond.port() };
        let beyond = (!beyond.ip().is_loopback()).then(|| SocketAddr::new(beyond.ip(), port));
        Ok(Self { listener: Some(listener), here, beyond, opens })
    }

    /// Whether names other than those of loopback are answered under.
    pub(super) fn opens(&self) -> watch::Receiver<bool> {
        self.opens.clone()
    }

    /// Gives the loopback address up for the other. Both at the same time can't be had.
    async fn open(&mut self, beyond: SocketAddr) {
        loop {
            self.listener = None;
            match TcpListener::bind(beyond).await {
                Ok(listener) => {
                    tracing::info!(address = %beyond, "there is an admin: listening");
                    (self.listener, self.beyond) = (Some(listener), None);
                    return;
                }
                Err(error) => {
                    tracing::error!(address = %beyond, %error, "cannot listen there: staying on loopback");
                    // It was ours a moment ago.
                    self.listener = TcpListener::bind(self.here).await.ok();
                    if self.listener.is_some() {
                        self.beyond = None;
                        return;
                    }
                    tokio::time::sleep(TRY_AGAIN_AFTER).await;
                }
            }
        }
    }
}

impl Listener for Door {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            let Self { listener, beyond, opens, here } = self;
            let Some(listener) = listener else {
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

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.as_ref().map_or(Ok(self.here), TcpListener::local_addr)
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
