//! What a route takes and what it answers, by the very types that it reads and writes.

use axum::http::StatusCode;
use schemars::{JsonSchema, Schema, SchemaGenerator};

/// Makes a type's schema.
pub(super) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

pub(super) const JSON: &str = "application/json";

/// What an answer carries.
pub(super) enum Content {
    /// Nothing.
    Nothing,
    /// JSON of a type.
    Json(SchemaOf),
    /// Something else: its media type.
    Other(&'static str),
    /// Events without an end, each with JSON of a type.
    Events(SchemaOf),
}

/// An answer that is no error.
pub(super) struct Answer {
    pub status: StatusCode,
    pub content: Content,
    /// It sets the session's cookie.
    pub sets_cookie: bool,
}

/// What is said of a route beside what its table has. What follows from that, the description adds itself: 401 and 403
/// where somebody has to be somebody, 404 where a path names something, 413 and 415 where there is a body.
pub(super) struct Operation {
    pub summary: &'static str,
    pub query: Option<SchemaOf>,
    pub body: Option<SchemaOf>,
    pub answers: Vec<Answer>,
    /// Other errors that may come.
    pub errors: Vec<StatusCode>,
}

fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

impl Operation {
    pub fn new(summary: &'static str) -> Self {
        Self { summary, query: None, body: None, answers: Vec::new(), errors: Vec::new() }
    }

    fn answers(mut self, status: StatusCode, content: Content) -> Self {
        self.answers.push(Answer { status, content, sets_cookie: false });
        self
    }

    /// Its query is read as this type.
    pub fn query<T: JsonSchema>(mut self) -> Self {
        self.query = Some(schema_of::<T>);
        self
    }

    /// Its body is read as this type.
    pub fn takes<T: JsonSchema>(mut self) -> Self {
        self.body = Some(schema_of::<T>);
        self
    }

    /// It answers JSON of this type.
    pub fn gives<T: JsonSchema>(self, status: StatusCode) -> Self {
        self.answers(status, Content::Json(schema_of::<T>))
    }

    /// It answers something that is no JSON of ours.
    pub fn gives_media(self, media_type: &'static str) -> Self {
        self.answers(StatusCode::OK, Content::Other(media_type))
    }

    /// It answers events.
    pub fn gives_events_of<T: JsonSchema>(self) -> Self {
        self.answers(StatusCode::OK, Content::Events(schema_of::<T>))
    }

    /// It answers without a body.
    pub fn gives_nothing(self, status: StatusCode) -> Self {
        self.answers(status, Content::Nothing)
    }

    /// Its last answer sets the session's cookie, or takes it away.
    pub fn with_cookie(mut self) -> Self {
        if let Some(answer) = self.answers.last_mut() {
            answer.sets_cookie = true;
        }
        self
    }

    /// These errors may come, too.
    pub fn fails(mut self, statuses: &[StatusCode]) -> Self {
        self.errors.extend(statuses);
        self
    }
}
