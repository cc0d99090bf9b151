//! Whoever makes a request, as far as it is known.

use std::sync::Arc;

use super::Reach;
use crate::model::{AccessScope, Role, Timestamp};

/// By what a caller is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// There are no accounts: whoever reaches the service may do everything.
    NoAccounts,
    /// A session's cookie.
    Session {
        /// The session's number.
        id: i64,
        /// The SHA-256 of its token.
        token_sha256: String,
        /// What has to come with everything that changes something.
        csrf: String,
        /// When it ends at the latest.
        expires: Timestamp,
    },
    /// A program's token.
    Token {
        /// The token's number.
        id: i64,
        /// Its SHA-256.
        token_sha256: String,
        /// What it is for.
        name: String,
        /// When it ends.
        expires: Timestamp,
    },
}

/// Whoever makes a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The user's name; `None` where there are no accounts.
    pub name: Option<String>,
    /// What the caller may do.
    pub role: Role,
    /// Where, as it was given.
    pub scope: AccessScope,
    /// Where, in this configuration; a token's is within that of its user.
    pub reach: Arc<Reach>,
    /// By what the caller is known.
    pub credential: Credential,
}

impl Caller {
    /// Everybody, where there are no accounts.
    #[must_use]
    pub fn without_accounts() -> Self {
        Self {
            name: None,
            role: Role::Admin,
            scope: AccessScope::All,
            reach: Arc::new(Reach::All),
            credential: Credential::NoAccounts,
        }
    }

    /// The name that what the caller does is on record under.
    #[must_use]
    pub fn who(&self) -> &str {
        self.name.as_deref().unwrap_or("somebody (there are no accounts)")
    }

    /// The number of the caller's session, where it is one.
    #[must_use]
    pub fn session(&self) -> Option<i64> {
        match self.credential {
            Credential::Session { id, .. } => Some(id),
            Credential::NoAccounts | Credential::Token { .. } => None,
        }
    }
}
