//! Users: who may use the service, and the link that makes the first of them. What was changed and who changed it are
//! one transaction.

use std::collections::BTreeSet;

use super::audit::{self, AuditRow};
use super::sql::{Row, Writing, unreadable, values};
use super::{Store, StoreError};
use crate::model::{AccessScope, Role, SiteId, Timestamp, UnitId};

/// A user.
#[derive(Clone, PartialEq, Eq)]
pub struct UserRow {
    /// The name that the user logs in by, and that all the user does is on record under.
    pub name: String,
    /// The password's hash, with how it was made (PHC string).
    pub password_hash: String,
    /// What the user may do.
    pub role: Role,
    /// Where.
    pub scope: AccessScope,
    /// May not log in any more.
    pub disabled: bool,
    /// Since when there is this user.
    pub created: Timestamp,
}

/// Without the hash.
impl std::fmt::Debug for UserRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, password_hash: _, role, scope, disabled, created } = self;
        write!(f, "UserRow({name:?}, {role:?}, {scope:?}, disabled: {disabled}, {created:?})")
    }
}

/// What is to be another way about a user; `None`: it stays.
#[derive(Clone, Default)]
pub struct UserChange {
    /// The new password's hash.
    pub password_hash: Option<String>,
    /// The new role.
    pub role: Option<Role>,
    /// The new scope.
    pub scope: Option<AccessScope>,
    /// Whether the user may not log in any more.
    pub disabled: Option<bool>,
    /// The session that goes on (by its id); all others of the user end.
    pub keep_session: Option<i64>,
}

/// What came of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserChanged {
    /// It holds.
    Done,
    /// There is no such user.
    NoSuchUser,
    /// Nobody would be left to look after users.
    LastAdmin,
}

/// What came of the link that makes the first admin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstAdmin {
    /// There is one now.
    Made,
    /// The link is not the one that was given out, was used, or is too old.
    WrongLink,
    /// There is an admin already.
    IsThere,
}

/// Whoever changes users of a PostgreSQL database holds the lock of this number, so that two who each disable one of two
/// admins don't pass each other by.
const USERS_LOCK: i64 = 0x6372_6f77_6467;

macro_rules! select_users {
    ($rest:literal) => {
        concat!("SELECT name, password_hash, role, scope, disabled, created_us FROM user_account ", $rest)
    };
}

const ADMINS: &str = "SELECT COUNT(*) FROM user_account WHERE role = 'admin' AND disabled = 0";

fn user(row: &Row) -> Result<UserRow, sqlx::Error> {
    user_in(row, row.get(0)?, 1)
}

/// The user of that name, whose other columns begin at `first`.
pub(super) fn user_in(row: &Row, name: String, first: usize) -> Result<UserRow, sqlx::Error> {
    Ok(UserRow {
        name,
        password_hash: row.get(first)?,
        role: role_of(&row.get::<String>(first + 1)?)?,
        scope: scope_of(&row.get::<String>(first + 2)?)?,
        disabled: row.get::<i64>(first + 3)? != 0,
        created: Timestamp(row.get(first + 4)?),
    })
}

pub(super) fn role_of(text: &str) -> Result<Role, sqlx::Error> {
    Role::named(text).ok_or_else(|| unreadable(format!("`{text}` is no role")))
}

/// `all`, or words such as `site:bund` and `unit:district`; none of them is a scope of nothing.
pub(super) fn scope_text(scope: &AccessScope) -> String {
    match scope {
        AccessScope::All => "all".to_owned(),
        AccessScope::Only { sites, units } => {
            let sites = sites.iter().map(|site| format!("site:{site}"));
            sites.chain(units.iter().map(|unit| format!("unit:{unit}"))).collect::<Vec<_>>().join(" ")
        }
    }
}

pub(super) fn scope_of(text: &str) -> Result<AccessScope, sqlx::Error> {
    if text == "all" {
        return Ok(AccessScope::All);
    }
    let (mut sites, mut units) = (BTreeSet::new(), BTreeSet::new());
    for word in text.split_whitespace() {
        let known = match word.split_once(':') {
            Some(("site", id)) => SiteId::new(id).map(|id| sites.insert(id)),
            Some(("unit", id)) => UnitId::new(id).map(|id| units.insert(id)),
            _ => return Err(unreadable(format!("`{word}` is no part of a scope"))),
        };
        known.map_err(|error| unreadable(error.to_string()))?;
    }
    Ok(AccessScope::Only { sites, units })
}

async fn insert(writing: &mut Writing, user: &UserRow) -> Result<bool, StoreError> {
    let sql = "INSERT INTO user_account (name, password_hash, role, scope, disabled, created_us) \
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name) DO NOTHING";
    let scope = scope_text(&user.scope);
    let values =
        values![&user.name, &user.password_hash, user.role.as_str(), &scope, i64::from(user.disabled), user.created.0];
    Ok(writing.execute(sql, values).await? == 1)
}

impl Store {
    /// All users, by name.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn users(&self) -> Result<Vec<UserRow>, StoreError> {
        self.database().read(select_users!("ORDER BY name"), &[], user).await
    }

    /// The user of that name.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn user(&self, name: &str) -> Result<Option<UserRow>, StoreError> {
        self.database().read_first(select_users!("WHERE name = $1"), values![name], user).await
    }

    /// Whether there is an admin who may log in.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn has_admin(&self) -> Result<bool, StoreError> {
        let count = self.database().read_first(ADMINS, &[], |row| row.get::<i64>(0)).await?;
        Ok(count.unwrap_or_default() > 0)
    }

    /// Adds a user; `false` where one of that name is there already.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn add_user(&self, user: &UserRow, audit: &AuditRow) -> Result<bool, StoreError> {
        let mut writing = self.database().write().await?;
        let is_new = insert(&mut writing, user).await?;
        if is_new {
            audit::add(&mut writing, audit).await?;
        }
        writing.commit().await?;
        Ok(is_new)
    }

    /// Changes a user. All sessions of the user end but the one to keep.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn change_user(
        &self,
        name: &str,
        change: &UserChange,
        audit: &AuditRow,
    ) -> Result<UserChanged, StoreError> {
        let mut writing = self.database().write().await?;
        if self.database().is_postgres() {
            writing.execute("SELECT pg_advisory_xact_lock($1)", values![USERS_LOCK]).await?;
        }
        let scope = change.scope.as_ref().map(scope_text);
        let sql = "UPDATE user_account SET password_hash = COALESCE($1, password_hash), role = COALESCE($2, role), \
                   scope = COALESCE($3, scope), disabled = COALESCE($4, disabled) WHERE name = $5";
        let values =
            values![&change.password_hash, change.role.map(Role::as_str), &scope, change.disabled.map(i64::from), name];
        let had_admin = writing.read_first(ADMINS, &[], |row| row.get::<i64>(0)).await?;
        if writing.execute(sql, values).await? == 0 {
            writing.commit().await?;
            return Ok(UserChanged::NoSuchUser);
        }
        let admins = writing.read_first(ADMINS, &[], |row| row.get::<i64>(0)).await?;
        if admins == Some(0) && had_admin != Some(0) {
            // Dropped, and so rolled back.
            return Ok(UserChanged::LastAdmin);
        }
        let sql = "DELETE FROM user_session WHERE user_name = $1 AND id <> $2";
        writing.execute(sql, values![name, change.keep_session.unwrap_or(-1)]).await?;
        audit::add(&mut writing, audit).await?;
        writing.commit().await?;
        Ok(UserChanged::Done)
    }

    /// Makes a link by whose token the first admin can be made until `expires`; earlier links hold no more.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn set_setup_link(&self, token_sha256: &str, expires: Timestamp) -> Result<(), StoreError> {
        let mut writing = self.database().write().await?;
        writing.execute("DELETE FROM setup_link", &[]).await?;
        let sql = "INSERT INTO setup_link (token_sha256, expires_us) VALUES ($1, $2)";
        writing.execute(sql, values![token_sha256, expires.0]).await?;
        writing.commit().await
    }

    /// Makes the first admin, by the link; the link holds no more after that. A user of that name who is there becomes it.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn add_first_admin(
        &self,
        token_sha256: &str,
        admin: &UserRow,
        audit: &AuditRow,
    ) -> Result<FirstAdmin, StoreError> {
        let mut writing = self.database().write().await?;
        let sql = "DELETE FROM setup_link WHERE token_sha256 = $1 AND expires_us > $2";
        let used = writing.execute(sql, values![token_sha256, admin.created.0]).await?;
        let admins = writing.read_first(ADMINS, &[], |row| row.get::<i64>(0)).await?;
        let came = match (admins, used) {
            (Some(0), 1) => {
                if !insert(&mut writing, admin).await? {
                    let sql = "UPDATE user_account SET password_hash = $1, role = 'admin', scope = 'all', \
                               disabled = 0 WHERE name = $2";
                    writing.execute(sql, values![&admin.password_hash, &admin.name]).await?;
                }
                audit::add(&mut writing, audit).await?;
                FirstAdmin::Made
            }
            (Some(0), _) => FirstAdmin::WrongLink,
            _ => FirstAdmin::IsThere,
        };
        writing.commit().await?;
        Ok(came)
    }

    /// Puts on record what somebody did.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn record_audit(&self, row: &AuditRow) -> Result<(), StoreError> {
        let mut writing = self.database().write().await?;
        audit::add(&mut writing, row).await?;
        writing.commit().await
    }
}
