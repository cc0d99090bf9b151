//! Every route with who may use it. The router is made of this table and of nothing else.

use axum::routing::{MethodRouter, delete, get, patch, post};
use axum::{Router, middleware};

use super::error::ApiError;
use super::{
    Context, access, alerts, audit, config, config_backtest, config_camera, config_ground, events, evidence, guard,
    heat_map, history, live, maps, openapi, probe, session, sign_in_page, sources, summary, tokens, users, web,
};
use crate::model::Role;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Whoever reaches the service.
    Everybody,
    /// Machines that show a token of their own, which the configuration knows.
    OwnToken,
    /// Programs on this machine, and this role from elsewhere.
    ThisMachineOr(Role),
    /// This role and those above it, logged in or by a token.
    Least(Role),
    /// This role and those above it, logged in: a token makes no tokens and no users.
    InSession(Role),
}

/// How somebody's scope bears on a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopeRule {
    /// It is about no place.
    NoPlace,
    /// What is not within the scope is left out of the answer.
    Filtered,
    /// It is about one thing, which is not there for those whose scope it is not in.
    OneThing,
    /// It is about everything, and for those whose scope that is.
    Everything,
}

/// A method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "they are HTTP's own")]
pub enum Verb {
    Get,
    Post,
    Patch,
    Delete,
}

impl Verb {
    /// As HTTP writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// One route.
pub struct Route {
    /// Its method.
    pub verb: Verb,
    /// Its path, with `{name}` for what varies.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
    /// How scopes bear on it.
    pub scope: ScopeRule,
    handler: fn() -> MethodRouter<Context>,
}

macro_rules! routes {
    ($($verb:ident $path:literal $access:expr, $scope:ident => $handler:path;)*) => {
        &[$(Route {
            verb: routes!(@verb $verb),
            path: $path,
            access: $access,
            scope: ScopeRule::$scope,
            handler: || $verb($handler),
        },)*]
    };
    (@verb get) => { Verb::Get };
    (@verb post) => { Verb::Post };
    (@verb patch) => { Verb::Patch };
    (@verb delete) => { Verb::Delete };
}

use Access::{Everybody, InSession, Least, OwnToken, ThisMachineOr};
use Role::{Admin, Operator, Planner, Viewer};

/// All routes.
pub const ROUTES: &[Route] = routes! {
    // Files of the pages: they say nothing of what is watched.
    get "/" Everybody, NoPlace => web::page;
    get "/icon.svg" Everybody, NoPlace => web::icon;
    get "/assets/{file}" Everybody, NoPlace => web::asset;
    get "/login" Everybody, NoPlace => sign_in_page::html;
    get "/setup" Everybody, NoPlace => sign_in_page::html;
    get "/sign_in.css" Everybody, NoPlace => sign_in_page::css;
    get "/sign_in.js" Everybody, NoPlace => sign_in_page::javascript;

    get "/healthz" Everybody, NoPlace => probe::healthz;
    get "/readyz" Everybody, NoPlace => probe::readyz;
    get "/metrics" ThisMachineOr(Viewer), Everything => probe::metrics_text;

    get "/api/v1/openapi.json" Everybody, NoPlace => openapi::description;

    get "/api/v1/state" Least(Viewer), Filtered => events::state;
    get "/api/v1/events" Least(Viewer), Filtered => events::events;
    get "/cameras/{camera}/live.mjpeg" Least(Viewer), OneThing => live::mjpeg;
    get "/cameras/{camera}/snapshot.jpg" Least(Viewer), OneThing => live::snapshot;

    get "/api/v1/alerts" Least(Viewer), Filtered => alerts::list;
    get "/api/v1/alerts/{alert}" Least(Viewer), OneThing => alerts::history;
    get "/api/v1/alerts/{alert}/evidence" Least(Viewer), OneThing => evidence::list;
    get "/api/v1/alerts/{alert}/evidence/{number}" Least(Viewer), OneThing => evidence::file;
    get "/api/v1/history" Least(Viewer), OneThing => history::history;
    get "/api/v1/summary" Least(Viewer), OneThing => summary::summary;
    get "/api/v1/heat_map" Least(Viewer), OneThing => heat_map::heat_map;
    get "/api/v1/maps" Least(Viewer), Filtered => maps::list;
    get "/api/v1/maps/{map}/picture" Least(Viewer), OneThing => maps::picture;
    post "/api/v1/alerts/{alert}/actions" Least(Operator), OneThing => alerts::act;
    post "/api/v1/profiles/{profile}" Least(Planner), Everything => alerts::switch_profile;
    post "/api/v1/drills" Least(Planner), OneThing => alerts::begin_drill;
    post "/api/v1/drills/{rule}/end" Least(Operator), OneThing => alerts::end_drill;

    post "/api/v1/sources/{source}" OwnToken, NoPlace => sources::tell;

    get "/api/v1/config" Least(Planner), Everything => config::in_force;
    post "/api/v1/config" Least(Planner), Everything => config::apply;
    post "/api/v1/config/check" Least(Planner), Everything => config::check;
    post "/api/v1/config/ground" Least(Planner), Everything => config_ground::ground;
    post "/api/v1/config/camera" Least(Planner), Everything => config_camera::camera;
    post "/api/v1/config/backtest" Least(Planner), Everything => config_backtest::backtest;
    get "/api/v1/config/versions" Least(Planner), Everything => config::versions;
    get "/api/v1/config/versions/{hash}" Least(Planner), Everything => config::version;

    post "/api/v1/setup" Everybody, NoPlace => session::set_up;
    post "/api/v1/session" Everybody, NoPlace => session::sign_in;
    get "/api/v1/session" Least(Viewer), NoPlace => session::who;
    delete "/api/v1/session" InSession(Viewer), NoPlace => session::sign_out;
    post "/api/v1/session/password" InSession(Viewer), NoPlace => session::change_password;
    get "/api/v1/sessions" InSession(Viewer), NoPlace => session::list;
    delete "/api/v1/sessions/{session}" InSession(Viewer), NoPlace => session::end;
    get "/api/v1/tokens" InSession(Viewer), NoPlace => tokens::list;
    post "/api/v1/tokens" InSession(Viewer), NoPlace => tokens::add;
    delete "/api/v1/tokens/{token}" InSession(Viewer), NoPlace => tokens::end;
    get "/api/v1/users" InSession(Admin), NoPlace => users::list;
    post "/api/v1/users" InSession(Admin), NoPlace => users::add;
    patch "/api/v1/users/{user}" InSession(Admin), NoPlace => users::change;
    get "/api/v1/audit" Least(Admin), NoPlace => audit::list;
};

/// The router of all routes, each behind its check.
pub(super) fn router(context: Context) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let check = middleware::from_fn_with_state((context.clone(), route), access::check);
        router = router.route(route.path, (route.handler)().route_layer(check));
    }
    router
        .fallback(async || ApiError::not_found("no such page"))
        .method_not_allowed_fallback(async || ApiError::method_not_allowed())
        .layer(middleware::from_fn_with_state(context.clone(), guard::guard))
        .with_state(context)
}
