//! Where the service listens, and from when on beyond loopback.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use tokio::sync::watch;

use super::{Origin, ServiceError};
use crate::accounts::{AccountFault, Accounts};
use crate::api::{Door, HeldListener, Tls};
use crate::config::Plan;

/// The way in.
pub(super) struct Entrance {
    pub(super) door: Door,
    pub(super) address: SocketAddr,
    /// Of the link that makes the first admin, where there is none yet.
    pub(super) setup_token: Option<String>,
}

/// The configured address, or loopback of the same port.
fn on_loopback(listen: SocketAddr) -> SocketAddr {
    let loopback = match listen.ip() {
        ip if ip.is_loopback() => ip,
        IpAddr::V4(_) => IpAddr::from(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::from(Ipv6Addr::LOCALHOST),
    };
    SocketAddr::new(loopback, listen.port())
}

fn listen_on(address: SocketAddr) -> Result<TcpListener, ServiceError> {
    TcpListener::bind(address).map_err(|source| ServiceError::Listen { address, source })
}

/// A listener for the service to begin with: that of the service before it where it fits, so that who connects meanwhile
/// waits instead of being refused; else, with accounts, one on loopback, as it is not known yet whether there is an admin.
pub(super) fn first_listener(plan: &Plan, before: Option<&HeldListener>) -> Result<TcpListener, ServiceError> {
    let first = if plan.server.accounts { on_loopback(plan.server.listen) } else { plan.server.listen };
    let fits = |address: SocketAddr| address == first || address == plan.server.listen;
    match before.and_then(HeldListener::share).filter(|listener| listener.local_addr().is_ok_and(fits)) {
        Some(listener) => Ok(listener),
        None => {
            // It may stand in the way of the other.
            drop(before.and_then(HeldListener::take));
            listen_on(first)
        }
    }
}

impl Entrance {
    /// Opens the configured address, or stays on loopback until there is somebody who may look after the service. Called
    /// on the runtime.
    pub(super) async fn of(
        plan: &Plan,
        accounts: Option<&Accounts>,
        listener: TcpListener,
        origin: &Origin,
    ) -> Result<Self, ServiceError> {
        let before = origin.listener.as_ref();
        let tls = match &plan.server.tls {
            Some(files) => match origin.tls.as_ref().filter(|tls| tls.is_of(files)) {
                Some(tls) => Some(tls.clone()),
                None => Some(Tls::open(files)?),
            },
            None => None,
        };
        let address = listener.local_addr();
        let address = address.map_err(|source| ServiceError::Listen { address: plan.server.listen, source })?;
        let is_open = match accounts {
            Some(accounts) => accounts.has_admin().await.map_err(AccountFault::from)?,
            // Without accounts the configuration allows loopback only.
            None => true,
        };
        let beyond = SocketAddr::new(plan.server.listen.ip(), address.port());
        let wanted = if is_open { beyond } else { on_loopback(beyond) };
        let listener = if wanted == address {
            listener
        } else {
            drop((listener, before.and_then(HeldListener::take)));
            listen_on(wanted)?
        };
        if !plan.server.listen.ip().is_loopback() && tls.is_none() {
            tracing::warn!(
                "passwords and pictures go over the network as they are: give [server.tls] a certificate, or put a proxy before \
                 the service"
            );
        }
        let failed = |source| ServiceError::Listen { address: wanted, source };
        let Some(accounts) = accounts.filter(|_| !is_open) else {
            let door = Door::of(listener).map_err(failed)?.encrypted(tls);
            return Ok(Self { door, address: wanted, setup_token: None });
        };
        let setup_token = accounts.new_setup_link().await?;
        tracing::warn!(
            "there is no admin yet: listening on loopback only, and nobody can log in. The link that was printed makes one"
        );
        let (open, opens) = watch::channel(false);
        let accounts = accounts.clone();
        tokio::spawn(async move {
            accounts.await_admin().await;
            open.send_replace(true);
            // Whoever listens must not take it for never.
            open.closed().await;
        });
        let door = Door::opening(listener, beyond, opens).map_err(failed)?.encrypted(tls);
        Ok(Self { door, address: wanted, setup_token: Some(setup_token) })
    }
}
