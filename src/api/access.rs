//! Who a request comes from, and whether its route is for them.

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE, HOST};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Context;
use super::door::Peer;
use super::error::ApiError;
use super::guard::{is_loopback, order_refusal, without_port};
use super::routes::{Access, Route, ScopeRule, Verb};
use crate::accounts::{Accounts, Caller, Credential};

/// The name of a session's cookie.
pub(super) const COOKIE_NAME: &str = "crowdflow_session";
/// What a page sends with everything that changes something.
pub(super) const CSRF_HEADER: &str = "x-csrf-token";
/// What proxies add: a request that has one of them comes from elsewhere.
const FORWARDED: [&str; 5] = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "via"];

/// Lets a request through to its route's handler where no other web site gives the order and the route is for whoever
/// asks. The handler finds the [`Caller`] among its extensions.
pub(super) async fn check(
    State((context, route)): State<(Context, &'static Route)>,
    mut request: Request,
    next: Next,
) -> Response {
    // Machines tell their counts with a token, which no browser has, whether or not they say that it is JSON.
    let is_order = route.verb != Verb::Get && route.access != Access::OwnToken;
    if is_order && let Some(refused) = order_refusal(&request) {
        return refused.into_response();
    }
    let peer = request.extensions().get::<ConnectInfo<Peer>>().map(|info| info.0);
    let (method, headers) = (request.method().clone(), request.headers().clone());
    match context.admit(route, peer, &method, &headers).await {
        Ok(caller) => {
            if let Some(caller) = caller {
                request.extensions_mut().insert(caller);
            }
            next.run(request).await
        }
        Err(error) => error.into_response(),
    }
}

impl Context {
    /// `None`: the route is for everybody, and it was not asked who comes.
    async fn admit(
        &self,
        route: &Route,
        peer: Option<Peer>,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<Option<Caller>, ApiError> {
        let Some(accounts) = &self.state.accounts else { return Ok(Some(Caller::without_accounts())) };
        let least = match route.access {
            Access::Everybody | Access::OwnToken => return Ok(None),
            Access::ThisMachineOr(_) if peer.is_some_and(|peer| self.is_from_here(peer, headers)) => return Ok(None),
            Access::ThisMachineOr(least) | Access::Least(least) | Access::InSession(least) => least,
        };
        let caller = identify(accounts, headers).await?.ok_or_else(ApiError::not_signed_in)?;
        let changes = method != Method::GET && method != Method::HEAD;
        if changes && let Credential::Session { csrf, .. } = &caller.credential {
            let sent = headers.get(CSRF_HEADER).and_then(|value| value.to_str().ok());
            if sent != Some(csrf.as_str()) {
                return Err(ApiError::forbidden(
                    "the header X-CSRF-Token is missing or another session's: send the `csrf` of GET /api/v1/session",
                ));
            }
        }
        if matches!(route.access, Access::InSession(_)) && caller.session().is_none() {
            return Err(ApiError::forbidden("this is for people who are logged in: a token can't do it"));
        }
        if caller.role < least {
            let message =
                format!("this is for the role {} and above; you are {}", least.as_str(), caller.role.as_str());
            return Err(ApiError::forbidden(message));
        }
        if route.scope == ScopeRule::Everything && !caller.reach.is_all() {
            return Err(ApiError::forbidden("this is about all sites; yours are only some of them"));
        }
        Ok(Some(caller))
    }

    /// Whether a caller who was let in still is.
    pub(super) async fn still_holds(&self, caller: &Caller) -> bool {
        match &self.state.accounts {
            Some(accounts) => accounts.still_holds(caller).await,
            None => true,
        }
    }

    /// Whether a request comes from a program on this machine, by no proxy.
    pub(super) fn is_from_here(&self, peer: Peer, headers: &HeaderMap) -> bool {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        !self.state.plan.server.behind_proxy
            && peer.0.ip().is_loopback()
            && is_loopback(without_port(host))
            && !FORWARDED.iter().any(|name| headers.contains_key(*name))
    }

    /// From where a request comes, for the record and for limits.
    pub(super) fn address_of(&self, peer: Peer, headers: &HeaderMap) -> String {
        let forwarded = headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok());
        // The last one is what the proxy on this machine has seen; those before it anybody can write.
        let seen = forwarded.and_then(|list| list.rsplit(',').next()?.trim().parse::<std::net::IpAddr>().ok());
        let trusted = self.state.plan.server.behind_proxy && peer.0.ip().is_loopback();
        seen.filter(|_| trusted).unwrap_or(peer.0.ip()).to_canonical().to_string()
    }

    /// Whether the browser came by https.
    pub(super) fn is_by_https(&self, headers: &HeaderMap) -> bool {
        let proto = headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok());
        let server = &self.state.plan.server;
        server.tls.is_some() || (server.behind_proxy && proto == Some("https"))
    }
}

async fn identify(accounts: &Accounts, headers: &HeaderMap) -> Result<Option<Caller>, ApiError> {
    if let Some(value) = headers.get(AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok().and_then(|value| value.split_once(' ')).unwrap_or_default();
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(ApiError::not_signed_in());
        }
        return accounts.of_token(token.trim()).await.map_err(|error| ApiError::of_store(&error));
    }
    match cookie(headers) {
        Some(token) => accounts.of_session(token).await.map_err(|error| ApiError::of_store(&error)),
        None => Ok(None),
    }
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(';'));
    pairs.filter_map(|pair| pair.trim().split_once('=')).find(|(name, _)| *name == COOKIE_NAME).map(|(_, value)| value)
}
