//! Every route of the API in words and types. The page's own files are no part of the API.

use axum::http::StatusCode as S;

use super::operation::Operation;
use crate::api::alert_wire::HistoryBody as AlertHistoryBody;
use crate::api::alerts::{
    ActedBody, ActionRequest, AlertsBody, AlertsQuery, DrillBody, DrillEndedBody, DrillRequest, EndDrillRequest,
    ProfileBody, ProfileRequest,
};
use crate::api::audit::{AuditLogBody, AuditQuery};
use crate::api::config::{
    AppliedBody, ChangeRequest, CheckRequest, CheckedBody, InForceBody, VersionBody, VersionsBody,
};
use crate::api::config_backtest::BacktestRequest;
use crate::api::config_camera::{CameraRequest, TriedCameraBody};
use crate::api::config_ground::{GroundBody, GroundRequest};
use crate::api::evidence::EvidenceListBody;
use crate::api::heat_map::{HeatMapBody, HeatMapQuery};
use crate::api::history::{HistoryBody, HistoryQuery};
use crate::api::live::SnapshotQuery;
use crate::api::maps::MapsBody;
use crate::api::probe::{Health, Readiness};
use crate::api::routes::Verb::{self, Delete, Get, Patch, Post};
use crate::api::session::{CallerBody, PasswordRequest, SessionsBody, SetupRequest, SignInRequest};
use crate::api::sources::TakenBody;
use crate::api::summary::{SummaryBody, SummaryQuery};
use crate::api::tokens::{NewTokenBody, TokenRequest, TokensBody};
use crate::api::users::{UserChangeRequest, UserRequest, UsersBody};
use crate::api::wire::StateBody;
use crate::backtest::Report;
use crate::external::Message;

/// What is said of a route; `None`: nothing.
pub(super) fn operation(verb: Verb, path: &str) -> Option<Operation> {
    let is = Operation::new;
    Some(match (verb, path) {
        (Get, "/healthz") => is("The process lives").gives::<Health<'_>>(S::OK),
        (Get, "/readyz") => is("It does its work: 503 where it doesn't, with the reasons for programs on its machine")
            .gives::<Readiness<'_>>(S::OK)
            .gives::<Readiness<'_>>(S::SERVICE_UNAVAILABLE),
        (Get, "/metrics") => is("Figures for Prometheus").gives_media("text/plain"),
        (Get, "/api/v1/openapi.json") => is("This description").gives_media(super::operation::JSON),

        (Get, "/api/v1/state") => is("How everything stands").gives::<StateBody<'_>>(S::OK),
        (Get, "/api/v1/events") => {
            is("How everything stands, told anew with each change, twice a second at most but for alerts, and every five seconds")
                .gives_events_of::<StateBody<'_>>()
                .fails(&[S::SERVICE_UNAVAILABLE])
        }
        (Get, "/cameras/{camera}/live.mjpeg") => is("A camera's pictures, heads hidden, one part each, without an end")
            .gives_media("multipart/x-mixed-replace")
            .fails(&[S::SERVICE_UNAVAILABLE]),
        (Get, "/cameras/{camera}/snapshot.jpg") => is("A camera's next picture, heads hidden")
            .query::<SnapshotQuery>()
            .gives_media("image/jpeg")
            .fails(&[S::SERVICE_UNAVAILABLE]),
        (Get, "/api/v1/maps") => is("Site maps: where places are on a picture from above").gives::<MapsBody<'_>>(S::OK),
        (Get, "/api/v1/maps/{map}/picture") => {
            is("A site map's picture").gives_media("image/png").gives_media("image/jpeg").gives_nothing(S::NOT_MODIFIED)
        }

        (Get, "/api/v1/alerts") => {
            is("Alerts on record").query::<AlertsQuery>().gives::<AlertsBody<'_>>(S::OK).fails(&[S::NOT_FOUND])
        }
        (Get, "/api/v1/alerts/{alert}") => {
            is("An alert on record with all that happened").gives::<AlertHistoryBody<'_>>(S::OK)
        }
        (Get, "/api/v1/alerts/{alert}/evidence") => {
            is("What was kept of an alert's rises").gives::<EvidenceListBody<'_>>(S::OK)
        }
        (Get, "/api/v1/alerts/{alert}/evidence/{number}") => is("A file of an alert's evidence, as it was written")
            .gives_media("image/jpeg")
            .gives_media("video/mp4")
            .gives_media("application/json")
            .gives_media("application/octet-stream")
            .fails(&[S::CONFLICT]),
        (Get, "/api/v1/history") => is("What a place read over time, for charts and tables")
            .query::<HistoryQuery>()
            .gives::<HistoryBody<'_>>(S::OK)
            .gives_media("text/csv")
            .fails(&[S::NOT_FOUND]),
        (Get, "/api/v1/summary") => is("What a place's period comes to: footfall, levels of service, stays")
            .query::<SummaryQuery>()
            .gives::<SummaryBody<'_>>(S::OK)
            .gives_media("text/csv")
            .fails(&[S::NOT_FOUND]),
        (Get, "/api/v1/heat_map") => is("Where on the ground of a calibrated camera people were, over a time")
            .query::<HeatMapQuery>()
            .gives::<HeatMapBody<'_>>(S::OK)
            .gives_media("text/csv")
            .fails(&[S::NOT_FOUND, S::CONFLICT]),
        (Post, "/api/v1/alerts/{alert}/actions") => is("Acts on an open alert")
            .takes::<ActionRequest>()
            .gives::<ActedBody<'_>>(S::OK)
            .fails(&[S::CONFLICT, S::SERVICE_UNAVAILABLE]),
        (Post, "/api/v1/profiles/{profile}") => is("Switches a profile on or off")
            .takes::<ProfileRequest>()
            .gives::<ProfileBody<'_>>(S::OK)
            .fails(&[S::SERVICE_UNAVAILABLE]),
        (Post, "/api/v1/drills") => is("Begins a drill: a rule's rise is simulated")
            .takes::<DrillRequest>()
            .gives::<DrillBody<'_>>(S::OK)
            .fails(&[S::NOT_FOUND, S::CONFLICT, S::SERVICE_UNAVAILABLE]),
        (Post, "/api/v1/drills/{rule}/end") => is("Ends a drill")
            .takes::<EndDrillRequest>()
            .gives::<DrillEndedBody<'_>>(S::OK)
            .fails(&[S::CONFLICT, S::SERVICE_UNAVAILABLE]),

        (Post, "/api/v1/sources/{source}") => is("Takes another system's counts")
            .takes::<Message>()
            .gives::<TakenBody>(S::OK)
            .fails(&[S::CONFLICT, S::UNPROCESSABLE_ENTITY, S::SERVICE_UNAVAILABLE]),

        (Get, "/api/v1/config") => {
            is("The configuration that is in force").gives::<InForceBody<'_>>(S::OK).fails(&[S::NOT_FOUND])
        }
        (Post, "/api/v1/config") => is("Puts another configuration in force, a moment after the answer")
            .takes::<ChangeRequest>()
            .gives::<AppliedBody<'_>>(S::ACCEPTED)
            .fails(&[S::NOT_FOUND, S::CONFLICT, S::UNPROCESSABLE_ENTITY, S::SERVICE_UNAVAILABLE]),
        (Post, "/api/v1/config/check") => is("What would be wrong with a configuration, and what it would change")
            .takes::<CheckRequest>()
            .gives::<CheckedBody<'_>>(S::OK)
            .fails(&[S::NOT_FOUND]),
        (Post, "/api/v1/config/ground") => {
            is("What a configuration would make of a camera's picture: its calibration, and places in metres")
                .takes::<GroundRequest>()
                .gives::<GroundBody<'_>>(S::OK)
                .fails(&[S::NOT_FOUND])
        }
        (Post, "/api/v1/config/camera") => is("Whether a camera gives pictures that is not in force yet")
            .takes::<CameraRequest>()
            .gives::<TriedCameraBody>(S::OK)
            .fails(&[S::NOT_FOUND, S::UNPROCESSABLE_ENTITY, S::SERVICE_UNAVAILABLE]),
        (Post, "/api/v1/config/backtest") => is("What a configuration's rules would have told of what is on record")
            .takes::<BacktestRequest>()
            .gives::<Report>(S::OK)
            .fails(&[S::NOT_FOUND, S::UNPROCESSABLE_ENTITY, S::SERVICE_UNAVAILABLE]),
        (Get, "/api/v1/config/versions") => is("Configurations that were in force, without their texts; at most 500")
            .gives::<VersionsBody<'_>>(S::OK)
            .fails(&[S::NOT_FOUND]),
        (Get, "/api/v1/config/versions/{hash}") => {
            is("A configuration that was in force, with its text").gives::<VersionBody<'_>>(S::OK)
        }

        (Post, "/api/v1/setup") => is("Makes the first admin, with the token of the link that the service printed")
            .takes::<SetupRequest>()
            .gives_nothing(S::NO_CONTENT)
            .fails(&[S::UNAUTHORIZED, S::NOT_FOUND, S::CONFLICT, S::TOO_MANY_REQUESTS, S::SERVICE_UNAVAILABLE]),
        (Post, "/api/v1/session") => is("Logs in")
            .takes::<SignInRequest>()
            .gives::<CallerBody<'_>>(S::OK)
            .with_cookie()
            .fails(&[S::UNAUTHORIZED, S::NOT_FOUND, S::TOO_MANY_REQUESTS, S::SERVICE_UNAVAILABLE]),
        (Get, "/api/v1/session") => is("Who one is").gives::<CallerBody<'_>>(S::OK),
        (Delete, "/api/v1/session") => is("Logs out").gives_nothing(S::NO_CONTENT).with_cookie().fails(&[S::NOT_FOUND]),
        (Post, "/api/v1/session/password") => is("Changes one's password; one's other sessions end")
            .takes::<PasswordRequest>()
            .gives_nothing(S::NO_CONTENT)
            .fails(&[S::NOT_FOUND, S::TOO_MANY_REQUESTS]),
        (Get, "/api/v1/sessions") => {
            is("One's sessions; for an admin everybody's").gives::<SessionsBody<'_>>(S::OK).fails(&[S::NOT_FOUND])
        }
        (Delete, "/api/v1/sessions/{session}") => is("Ends a session").gives_nothing(S::NO_CONTENT),
        (Get, "/api/v1/tokens") => {
            is("One's tokens; for an admin everybody's").gives::<TokensBody<'_>>(S::OK).fails(&[S::NOT_FOUND])
        }
        (Post, "/api/v1/tokens") => is("Makes a token that a program calls the service with")
            .takes::<TokenRequest>()
            .gives::<NewTokenBody<'_>>(S::CREATED)
            .fails(&[S::NOT_FOUND, S::CONFLICT]),
        (Delete, "/api/v1/tokens/{token}") => is("Ends a token").gives_nothing(S::NO_CONTENT),
        (Get, "/api/v1/users") => is("All users").gives::<UsersBody<'_>>(S::OK).fails(&[S::NOT_FOUND]),
        (Post, "/api/v1/users") => is("Adds a user").takes::<UserRequest>().gives_nothing(S::CREATED).fails(&[
            S::NOT_FOUND,
            S::CONFLICT,
            S::TOO_MANY_REQUESTS,
        ]),
        (Patch, "/api/v1/users/{user}") => is("Changes a user, whose sessions end")
            .takes::<UserChangeRequest>()
            .gives_nothing(S::NO_CONTENT)
            .fails(&[S::CONFLICT, S::TOO_MANY_REQUESTS]),
        (Get, "/api/v1/audit") => is("What people did; the newest 1000 entries")
            .query::<AuditQuery>()
            .gives::<AuditLogBody<'_>>(S::OK)
            .fails(&[S::NOT_FOUND]),
        _ => return None,
    })
}

/// What a part of a path is: in words, its type, and its format or pattern.
pub(super) struct Segment {
    pub what: &'static str,
    pub schema: fn() -> serde_json::Value,
}

const ID_PATTERN: &str = "^[a-z0-9][a-z0-9_-]{0,63}$";

/// What `{name}` in a path is; `None`: nothing is said.
pub(super) fn segment(name: &str) -> Option<Segment> {
    use serde_json::json;
    let id = || json!({ "type": "string", "pattern": ID_PATTERN });
    let number = || json!({ "type": "integer", "format": "int64", "minimum": 1 });
    let (what, schema): (_, fn() -> serde_json::Value) = match name {
        "alert" => ("An alert's id", || json!({ "type": "string", "minLength": 1 })),
        "camera" => ("A camera's id", id),
        "hash" => ("A configuration's SHA-256", || json!({ "type": "string", "pattern": "^[0-9a-f]{64}$" })),
        "map" => ("A site map's id", id),
        "number" => ("The file's number on the chain", number),
        "profile" => ("A profile's id", id),
        "rule" => ("A rule's id", id),
        "session" => ("A session's number", number),
        "source" => ("An external source's id", id),
        "token" => ("A token's number", number),
        "user" => ("A user's name", || json!({ "type": "string", "minLength": 1 })),
        _ => return None,
    };
    Some(Segment { what, schema })
}
