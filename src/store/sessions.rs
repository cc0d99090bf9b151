//! Where users are logged in.

use super::audit::{self, AuditRow};
use super::sql::{Row, values};
use super::users::user_in;
use super::{Store, StoreError, UserRow};
use crate::model::Timestamp;

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Its number.
    pub id: i64,
    /// Whose it is.
    pub user: String,
    /// When it began.
    pub created: Timestamp,
    /// When it was used last, to a minute.
    pub seen: Timestamp,
    /// When it ends at the latest.
    pub expires: Timestamp,
    /// From where it was begun.
    pub address: String,
    /// What the browser calls itself.
    pub user_agent: String,
}

/// A session that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// The SHA-256 of its token, in hexadecimal.
    pub token_sha256: String,
    /// Whose it is.
    pub user: String,
    /// When it begins.
    pub created: Timestamp,
    /// When it ends at the latest.
    pub expires: Timestamp,
    /// From where.
    pub address: String,
    /// What the browser calls itself.
    pub user_agent: String,
}

fn session(row: &Row) -> Result<SessionRow, sqlx::Error> {
    Ok(SessionRow {
        id: row.get(0)?,
        user: row.get(1)?,
        created: Timestamp(row.get(2)?),
        seen: Timestamp(row.get(3)?),
        expires: Timestamp(row.get(4)?),
        address: row.get(5)?,
        user_agent: row.get(6)?,
    })
}

impl Store {
    /// Begins a session, and clears away those that are over.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn add_session(&self, new: &NewSession, audit: &AuditRow) -> Result<i64, StoreError> {
        let mut writing = self.database().write().await?;
        writing.execute("DELETE FROM user_session WHERE expires_us <= $1", values![new.created.0]).await?;
        let sql = "INSERT INTO user_session \
                   (token_sha256, user_name, created_us, seen_us, expires_us, address, user_agent) \
                   VALUES ($1, $2, $3, $3, $4, $5, $6) RETURNING id";
        let values = values![&new.token_sha256, &new.user, new.created.0, new.expires.0, &new.address, &new.user_agent];
        let id = writing.read_first(sql, values, |row| row.get(0)).await?;
        let id = id.ok_or_else(|| writing.contradiction("a new session got no number".to_owned()))?;
        audit::add(&mut writing, audit).await?;
        writing.commit().await?;
        Ok(id)
    }

    /// The session of this token, with its user; it may be over, and the user disabled.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn session(&self, token_sha256: &str) -> Result<Option<(SessionRow, UserRow)>, StoreError> {
        let sql = "SELECT s.id, s.user_name, s.created_us, s.seen_us, s.expires_us, s.address, s.user_agent, \
                   u.password_hash, u.role, u.scope, u.disabled, u.created_us \
                   FROM user_session s JOIN user_account u ON u.name = s.user_name WHERE s.token_sha256 = $1";
        let of = |row: &Row| {
            let session = session(row)?;
            let user = user_in(row, session.user.clone(), 7)?;
            Ok((session, user))
        };
        self.database().read_first(sql, values![token_sha256], of).await
    }

    /// Says that a session was used.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn session_was_used(&self, id: i64, at: Timestamp) -> Result<(), StoreError> {
        let mut writing = self.database().write().await?;
        writing.execute("UPDATE user_session SET seen_us = $1 WHERE id = $2", values![at.0, id]).await?;
        writing.commit().await
    }

    /// The sessions of a user, or of all, that are not over by `now`; the newest first.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn sessions(&self, user: Option<&str>, now: Timestamp) -> Result<Vec<SessionRow>, StoreError> {
        let sql = "SELECT id, user_name, created_us, seen_us, expires_us, address, user_agent FROM user_session \
                   WHERE expires_us > $1 AND ($2 = '' OR user_name = $2) ORDER BY id DESC";
        self.database().read(sql, values![now.0, user.unwrap_or_default()], session).await
    }

    /// Ends a session, where it is that user's (`None`: anybody's); `false` where there is none such.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn end_session(&self, id: i64, user: Option<&str>, audit: &AuditRow) -> Result<bool, StoreError> {
        let sql = "DELETE FROM user_session WHERE id = $1 AND ($2 = '' OR user_name = $2)";
        audit::end(self, sql, id, user, audit).await
    }
}
