//! What programs call the service with.

use super::audit::{self, AuditRow};
use super::sql::{Row, values};
use super::users::{role_of, scope_of, scope_text, user_in};
use super::{Store, StoreError, UserRow};
use crate::model::{AccessScope, Role, Timestamp};

/// A token for a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiTokenRow {
    /// Its number.
    pub id: i64,
    /// Whose it is; it can never do more than this user.
    pub user: String,
    /// What it is for; one name a user.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Where.
    pub scope: AccessScope,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
}

/// A token that is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApiToken {
    /// The SHA-256 of the token, in hexadecimal.
    pub token_sha256: String,
    /// Whose it is.
    pub user: String,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Where.
    pub scope: AccessScope,
    /// When it is made.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
}

fn api_token(row: &Row) -> Result<ApiTokenRow, sqlx::Error> {
    Ok(ApiTokenRow {
        id: row.get(0)?,
        user: row.get(1)?,
        name: row.get(2)?,
        role: role_of(&row.get::<String>(3)?)?,
        scope: scope_of(&row.get::<String>(4)?)?,
        created: Timestamp(row.get(5)?),
        expires: Timestamp(row.get(6)?),
    })
}

impl Store {
    /// Adds a token; `None` where the user has one of that name already, which may have expired.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn add_api_token(&self, new: &NewApiToken, audit: &AuditRow) -> Result<Option<i64>, StoreError> {
        let mut writing = self.database().write().await?;
        let sql = "INSERT INTO api_token (token_sha256, user_name, name, role, scope, created_us, expires_us) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (user_name, name) DO NOTHING RETURNING id";
        let scope = scope_text(&new.scope);
        let values =
            values![&new.token_sha256, &new.user, &new.name, new.role.as_str(), &scope, new.created.0, new.expires.0];
        let id = writing.read_first(sql, values, |row| row.get(0)).await?;
        if id.is_some() {
            audit::add(&mut writing, audit).await?;
        }
        writing.commit().await?;
        Ok(id)
    }

    /// The token of this hash, with its user; it may have expired, and the user may be disabled.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn api_token(&self, token_sha256: &str) -> Result<Option<(ApiTokenRow, UserRow)>, StoreError> {
        let sql = "SELECT t.id, t.user_name, t.name, t.role, t.scope, t.created_us, t.expires_us, \
                   u.password_hash, u.role, u.scope, u.disabled, u.created_us \
                   FROM api_token t JOIN user_account u ON u.name = t.user_name WHERE t.token_sha256 = $1";
        let of = |row: &Row| {
            let token = api_token(row)?;
            let user = user_in(row, token.user.clone(), 7)?;
            Ok((token, user))
        };
        self.database().read_first(sql, values![token_sha256], of).await
    }

    /// The tokens of a user, or of all; the newest first.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn api_tokens(&self, user: Option<&str>) -> Result<Vec<ApiTokenRow>, StoreError> {
        let sql = "SELECT id, user_name, name, role, scope, created_us, expires_us FROM api_token \
                   WHERE $1 = '' OR user_name = $1 ORDER BY id DESC";
        self.database().read(sql, values![user.unwrap_or_default()], api_token).await
    }

    /// Takes a token back, where it is that user's (`None`: anybody's); `false` where there is none such.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn end_api_token(&self, id: i64, user: Option<&str>, audit: &AuditRow) -> Result<bool, StoreError> {
        let sql = "DELETE FROM api_token WHERE id = $1 AND ($2 = '' OR user_name = $2)";
        audit::end(self, sql, id, user, audit).await
    }
}
