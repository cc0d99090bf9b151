//! The API's own description, OpenAPI 3.1. Paths and access are those of the table of routes, schemas those of the types
//! that are read and written: neither is said twice.

mod operation;
mod operations;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

use super::access::{COOKIE_NAME, CSRF_HEADER};
use super::error::ErrorBody;
use super::routes::{Access, ROUTES, Route, ScopeRule, Verb};
use operation::{Answer, Content, JSON, Operation};

static TEXT: LazyLock<String> = LazyLock::new(|| document().to_string());

const ABOUT: &str = "Crowd-flow video analytics. docs/api.md tells how to authenticate and what is promised of versions. \
                     Where the service has no accounts, nothing of it is asked for, and everybody may do everything. \
                     What GET answers, HEAD does without the body.";

/// It says what could be asked, and nothing of what is watched: it is for everybody, as the page's files are.
pub(super) async fn description() -> Response {
    ([(CONTENT_TYPE, JSON)], TEXT.as_str()).into_response()
}

fn document() -> Value {
    let settings = || SchemaSettings::draft2020_12().with(|settings| settings.meta_schema = None);
    let answers = settings().with(|settings| settings.definitions_path = "/components/schemas".into());
    let mut schemas = Schemas {
        answers: answers.for_serialize().into_generator(),
        // Each stands where it is used: what is read and what is written under one name need not be the same.
        requests: settings().with(|settings| settings.inline_subschemas = true).for_deserialize().into_generator(),
    };
    let error = schemas.answers.subschema_for::<ErrorBody<'_>>().to_value();
    let mut paths = Map::new();
    let mut errors = BTreeSet::new();
    for (route, operation) in
        ROUTES.iter().filter_map(|route| Some((route, operations::operation(route.verb, route.path)?)))
    {
        let of_route = errors_of(route, &operation);
        let described = schemas.operation(route, &operation, &of_route);
        errors.extend(of_route);
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.verb.as_str().to_ascii_lowercase()] = described;
    }
    let responses: Map<String, Value> =
        errors.into_iter().map(|status| (error_name(status), error_response(status, &error))).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "crowdflow",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": schemas.answers.take_definitions(true),
            "responses": responses,
            "securitySchemes": {
                "session": {
                    "type": "apiKey", "in": "cookie", "name": COOKIE_NAME,
                    "description": "What POST /api/v1/session gives",
                },
                "csrf": {
                    "type": "apiKey", "in": "header", "name": CSRF_HEADER,
                    "description": "`csrf` of GET /api/v1/session, with every order of a session",
                },
                "token": {
                    "type": "http", "scheme": "bearer",
                    "description": "A token that POST /api/v1/tokens has made, for programs",
                },
                "source": {
                    "type": "http", "scheme": "bearer",
                    "description": "The token that the configuration gives an external source",
                },
            },
        },
    })
}

struct Schemas {
    answers: SchemaGenerator,
    requests: SchemaGenerator,
}

impl Schemas {
    fn operation(&mut self, route: &Route, operation: &Operation, errors: &BTreeSet<StatusCode>) -> Value {
        let mut responses = Map::new();
        for answer in &operation.answers {
            self.add(&mut responses, answer);
        }
        for status in errors {
            let response = json!({ "$ref": format!("#/components/responses/{}", error_name(*status)) });
            // What answers with a status itself says so.
            responses.entry(status.as_str()).or_insert(response);
        }
        let mut described = json!({
            "operationId": operation_id(route),
            "tags": [tag(route.path)],
            "summary": operation.summary,
            "description": format!("{} {}", access_words(route.access), scope_words(route.scope)).trim(),
            "x-access": access_name(route.access),
            "parameters": self.parameters(route.path, operation),
            "security": security(route),
            "responses": responses,
        });
        if let Some(body) = operation.body {
            let schema = body(&mut self.requests).to_value();
            described["requestBody"] = json!({ "required": true, "content": { JSON: { "schema": schema } } });
        }
        described
    }

    fn add(&mut self, responses: &mut Map<String, Value>, answer: &Answer) {
        let status = answer.status;
        let description = status.canonical_reason().unwrap_or_default();
        let response = responses.entry(status.as_str()).or_insert_with(|| json!({ "description": description }));
        match answer.content {
            Content::Nothing => {}
            Content::Json(schema) => {
                response["content"][JSON] = json!({ "schema": schema(&mut self.answers).to_value() });
            }
            Content::Other(media_type) => response["content"][media_type] = json!({}),
            Content::Events(schema) => {
                let data = schema(&mut self.answers).to_value();
                let data = json!({ "type": "string", "contentMediaType": JSON, "contentSchema": data });
                // One event: OpenAPI 3.1 has no words of its own for a stream of them.
                let event = json!({
                    "type": "object",
                    "properties": { "event": { "const": "state" }, "data": data },
                    "required": ["event", "data"],
                });
                response["content"]["text/event-stream"] = json!({ "schema": event });
            }
        }
        if answer.sets_cookie {
            response["headers"]["Set-Cookie"] = json!({ "required": true, "schema": { "type": "string" } });
        }
    }

    fn parameters(&mut self, path: &str, operation: &Operation) -> Vec<Value> {
        let in_path = names(path).filter_map(|name| {
            let segment = operations::segment(name)?;
            let schema = (segment.schema)();
            Some(json!({ "name": name, "in": "path", "required": true, "description": segment.what, "schema": schema }))
        });
        let mut parameters: Vec<Value> = in_path.collect();
        let query = operation.query.map(|query| query(&mut self.requests).to_value()).unwrap_or_default();
        let required = query["required"].as_array().cloned().unwrap_or_default();
        for (name, schema) in query["properties"].as_object().into_iter().flatten() {
            let mut schema = without_null(schema.clone());
            let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
            let is_required = required.iter().any(|known| known == name);
            let mut parameter = json!({ "name": name, "in": "query", "required": is_required, "schema": schema });
            if let Some(description) = description {
                parameter["description"] = description;
            }
            parameters.push(parameter);
        }
        parameters
    }
}

/// A query leaves out what it doesn't say: it has no `null`.
fn without_null(mut schema: Value) -> Value {
    if let Some(types) = schema["type"].as_array() {
        let types: Vec<&Value> = types.iter().filter(|known| *known != "null").collect();
        schema["type"] = if let [one] = types[..] { one.clone() } else { json!(types) };
    }
    if let Some(values) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        values.retain(|value| !value.is_null());
    }
    let choices = schema.get("anyOf").and_then(Value::as_array);
    let choice = choices.and_then(|choices| choices.iter().find(|choice| choice["type"] != "null")).cloned();
    if let (Some(choice), Some(object)) = (choice, schema.as_object_mut()) {
        object.remove("anyOf");
        object.extend(choice.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())));
    }
    schema
}

/// The names of what varies in a path.
fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn operation_id(route: &Route) -> String {
    let path = route.path.trim_start_matches("/api/v1").replace(['/', '.'], "_").replace(['{', '}'], "");
    format!("{}{path}", route.verb.as_str().to_ascii_lowercase())
}

fn tag(path: &str) -> &str {
    match path.strip_prefix("/api/v1/") {
        Some(rest) => rest.split(['/', '.']).next().unwrap_or(rest),
        None if path.starts_with("/cameras/") => "cameras",
        None => "service",
    }
}

/// Every error that may come.
fn errors_of(route: &Route, operation: &Operation) -> BTreeSet<StatusCode> {
    let mut errors = BTreeSet::from([StatusCode::BAD_REQUEST]);
    errors.extend(&operation.errors);
    match route.access {
        Access::OwnToken => errors.extend([StatusCode::UNAUTHORIZED]),
        // Under which names the service answers, and whom it takes orders from.
        Access::Everybody => errors.extend([StatusCode::FORBIDDEN]),
        // Whether somebody may do it is looked up in the store.
        Access::ThisMachineOr(_) | Access::Least(_) | Access::InSession(_) => {
            errors.extend([StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::SERVICE_UNAVAILABLE]);
        }
    }
    if names(route.path).next().is_some() {
        errors.insert(StatusCode::NOT_FOUND);
    }
    if operation.body.is_some() {
        errors.extend([StatusCode::PAYLOAD_TOO_LARGE, StatusCode::UNSUPPORTED_MEDIA_TYPE]);
    }
    errors
}

fn error_name(status: StatusCode) -> String {
    status.canonical_reason().unwrap_or_default().replace(' ', "")
}

fn error_response(status: StatusCode, error: &Value) -> Value {
    let mut response = json!({
        "description": status.canonical_reason().unwrap_or_default(),
        "content": { JSON: { "schema": error } },
    });
    let header = |schema: Value| json!({ "required": true, "schema": schema });
    match status {
        StatusCode::UNAUTHORIZED => {
            response["headers"]["WWW-Authenticate"] = header(json!({ "type": "string" }));
        }
        StatusCode::TOO_MANY_REQUESTS => {
            response["headers"]["Retry-After"] = header(json!({ "type": "integer", "minimum": 0 }));
        }
        _ => {}
    }
    response
}

fn security(route: &Route) -> Value {
    let changes = route.verb != Verb::Get;
    let session = if changes { json!({ "session": [], "csrf": [] }) } else { json!({ "session": [] }) };
    let token = json!({ "token": [] });
    match route.access {
        Access::Everybody => json!([]),
        Access::OwnToken => json!([{ "source": [] }]),
        Access::ThisMachineOr(_) => json!([{}, session, token]),
        Access::Least(_) => json!([session, token]),
        Access::InSession(_) => json!([session]),
    }
}

fn access_name(access: Access) -> &'static str {
    match access {
        Access::Everybody => "everybody",
        Access::OwnToken => "source",
        Access::ThisMachineOr(role) | Access::Least(role) | Access::InSession(role) => role.as_str(),
    }
}

fn access_words(access: Access) -> String {
    match access {
        Access::Everybody => "For everybody.".to_owned(),
        Access::OwnToken => "For the external source, by its own token.".to_owned(),
        Access::ThisMachineOr(role) => {
            format!("For programs on this machine; from elsewhere for the role {} and above.", role.as_str())
        }
        Access::Least(role) => format!("For the role {} and above.", role.as_str()),
        Access::InSession(role) => {
            format!("For the role {} and above, logged in: a token can't do it.", role.as_str())
        }
    }
}

fn scope_words(scope: ScopeRule) -> &'static str {
    match scope {
        ScopeRule::NoPlace => "",
        ScopeRule::Filtered => "What is not within one's scope is left out.",
        ScopeRule::OneThing => "What is not within one's scope is not there: 404.",
        ScopeRule::Everything => "For those whose scope is everything.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Routes that are no part of the API: the page's files.
    const PAGES: [&str; 7] = ["/", "/icon.svg", "/assets/{file}", "/login", "/setup", "/sign_in.css", "/sign_in.js"];

    #[test]
    fn every_route_is_described() {
        let document = document();
        for route in ROUTES {
            let verb = route.verb.as_str().to_ascii_lowercase();
            let described = document["paths"][route.path][&verb].is_object();
            let is_page = PAGES.contains(&route.path);
            assert!(
                described != is_page,
                "{verb} {}: described: {described}, one of the page's files: {is_page}; a new route needs an entry in \
                 `operation` of src/api/openapi/operations.rs",
                route.path
            );
            let unknown = names(route.path).find(|name| !is_page && operations::segment(name).is_none());
            assert_eq!(unknown, None, "{}: what is it? see `segment` in src/api/openapi/operations.rs", route.path);
        }
    }

    #[test]
    fn nothing_else_is_described() {
        let document = document();
        let paths = document["paths"].as_object().unwrap();
        let described: BTreeSet<(String, &str)> = paths
            .iter()
            .flat_map(|(path, item)| item.as_object().unwrap().keys().map(move |verb| (verb.clone(), path.as_str())))
            .collect();
        let there = ROUTES.iter().filter(|route| !PAGES.contains(&route.path));
        let there: BTreeSet<_> = there.map(|route| (route.verb.as_str().to_ascii_lowercase(), route.path)).collect();
        assert_eq!(described, there);
        for page in PAGES {
            assert!(ROUTES.iter().any(|route| route.path == page), "{page}: no such route");
        }
    }

    #[test]
    fn each_name_is_one_things() {
        let document = document();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        // Of two types with one name the second gets a number.
        let twice = schemas.keys().find(|name| name.ends_with(|last: char| last.is_ascii_digit()));
        assert_eq!(twice, None, "give one of the two types a name of its own: #[schemars(rename = …)]");
        let ids = document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
        let ids: Vec<&str> = ids.map(|operation| operation["operationId"].as_str().unwrap()).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
    }

    #[test]
    fn a_query_says_what_may_be_left_out_and_has_no_null() {
        let document = document();
        let history = document["paths"]["/api/v1/history"]["get"]["parameters"].as_array().unwrap();
        let named = |name: &str| history.iter().find(|parameter| parameter["name"] == name).unwrap();
        let (place, resolution) = (named("place"), named("resolution"));
        assert_eq!((&place["required"], &resolution["required"]), (&true.into(), &false.into()));
        assert_eq!(named("from")["schema"], json!({ "type": "string", "format": "date-time" }));
        assert!(!resolution.to_string().contains("null"), "{resolution}");
    }

    #[test]
    fn access_follows_from_the_table() {
        let document = document();
        let of = |verb: &str, path: &str| document["paths"][path][verb]["security"].clone();
        assert_eq!(of("get", "/api/v1/state"), json!([{ "session": [] }, { "token": [] }]));
        assert_eq!(of("post", "/api/v1/drills"), json!([{ "csrf": [], "session": [] }, { "token": [] }]));
        assert_eq!(of("post", "/api/v1/users"), json!([{ "csrf": [], "session": [] }]));
        assert_eq!(of("post", "/api/v1/sources/{source}"), json!([{ "source": [] }]));
        assert_eq!(of("get", "/healthz"), json!([]));
    }
}
