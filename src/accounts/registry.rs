//! What is done about users, sessions and tokens, and by whom.

use super::password::is_password;
use super::sign_in::{Accounts, audit_row};
use super::{AccountFault, Caller, Reach, secret_token};
use crate::model::{AccessScope, Role, Timestamp};
use crate::store::{ApiTokenRow, AuditRow, NewApiToken, SessionRow, StoreError, UserChange, UserChanged, UserRow};

/// Characters of a name.
pub const NAME_MOST: usize = 100;
/// A token for a program ends after so many days at the latest.
const TOKEN_MOST_DAYS: f64 = 366.0;

/// A user to be.
pub struct NewUser {
    /// The name to log in by.
    pub name: String,
    /// The password.
    pub password: String,
    /// What the user may do.
    pub role: Role,
    /// Where.
    pub scope: AccessScope,
}

/// Whether a user, or a token, may be called so: one line, in a log and in a message too.
///
/// # Errors
/// [`AccountFault::Refused`].
pub fn check_name(name: &str) -> Result<(), AccountFault> {
    let characters = name.chars().count();
    let is_fine = (1..=NAME_MOST).contains(&characters) && name.trim() == name && !name.chars().any(char::is_control);
    if is_fine {
        return Ok(());
    }
    Err(AccountFault::Refused(format!(
        "found the name {name:?}, expected 1 to {NAME_MOST} characters on one line, without spaces around it"
    )))
}

fn no_such_user(name: &str) -> AccountFault {
    AccountFault::NotFound(format!("there is no user {name:?}"))
}

impl Accounts {
    /// All users, by name.
    ///
    /// # Errors
    /// Where the store can't be read.
    pub async fn users(&self) -> Result<Vec<UserRow>, StoreError> {
        self.inner.store.users().await
    }

    /// Adds a user.
    ///
    /// # Errors
    /// [`AccountFault`].
    pub async fn add_user(&self, by: &Caller, new: NewUser) -> Result<(), AccountFault> {
        check_name(&new.name)?;
        self.check_scope(new.role, &new.scope)?;
        let password_hash = self.new_hash(&new.password).await?;
        let detail = format!("{}, {}", new.role.as_str(), new.scope);
        let NewUser { name, role, scope, .. } = new;
        let user = UserRow { name, password_hash, role, scope, disabled: false, created: self.now() };
        let row = audit_row(user.created, by.who(), "user_added", &user.name, &detail);
        if self.inner.store.add_user(&user, &row).await? {
            return Ok(());
        }
        Err(AccountFault::Conflict(format!("there is a user {:?} already", user.name)))
    }

    /// Changes a user: password, role, scope, whether disabled. The user's sessions end, but the one of who does it.
    ///
    /// # Errors
    /// [`AccountFault`].
    pub async fn change_user(
        &self,
        by: &Caller,
        name: &str,
        password: Option<&str>,
        change: UserChange,
    ) -> Result<(), AccountFault> {
        let before = self.inner.store.user(name).await?.ok_or_else(|| no_such_user(name))?;
        self.check_scope(change.role.unwrap_or(before.role), change.scope.as_ref().unwrap_or(&before.scope))?;
        let mut said = Vec::new();
        said.extend(change.role.map(|role| role.as_str().to_owned()));
        said.extend(change.scope.as_ref().map(ToString::to_string));
        said.extend(change.disabled.map(|disabled| if disabled { "disabled" } else { "enabled" }.to_owned()));
        let mut change = UserChange { keep_session: by.session(), ..change };
        if let Some(password) = password {
            said.push("a new password".to_owned());
            change.password_hash = Some(self.new_hash(password).await?);
        }
        if said.is_empty() {
            let text = "nothing is to be changed: expected one of password, role, scope, disabled";
            return Err(AccountFault::Refused(text.to_owned()));
        }
        let row = audit_row(self.now(), by.who(), "user_changed", name, &said.join(", "));
        match self.inner.store.change_user(name, &change, &row).await? {
            UserChanged::Done => {
                self.forget(|known| known.name.as_deref() == Some(name));
                Ok(())
            }
            UserChanged::NoSuchUser => Err(no_such_user(name)),
            UserChanged::LastAdmin => {
                Err(AccountFault::Conflict(format!("{name:?} is the last admin: make another one first")))
            }
        }
    }

    /// Changes the caller's own password; all other sessions of the caller end.
    ///
    /// # Errors
    /// [`AccountFault::WrongLogin`]: the old one is wrong; tries count as logins.
    pub async fn change_own_password(
        &self,
        by: &Caller,
        old: &str,
        new: &str,
        address: &str,
    ) -> Result<(), AccountFault> {
        let name = by.name.as_deref().ok_or_else(|| no_such_user(by.who()))?;
        let begun = self.now();
        self.begin_attempt(name, address, begun)?;
        let user = self.inner.store.user(name).await?.ok_or_else(|| no_such_user(name))?;
        let old = old.to_owned();
        if !self.hashing(move || is_password(&old, &user.password_hash)).await? {
            self.record(name, "login_failed", address, "the old password, to change it").await;
            return Err(AccountFault::WrongLogin);
        }
        self.attempt_succeeded(name, address, begun);
        self.change_user(by, name, Some(new), UserChange::default()).await
    }

    /// Sessions: the caller's own, for an admin all of them.
    ///
    /// # Errors
    /// Where the store can't be read.
    pub async fn sessions(&self, by: &Caller) -> Result<Vec<SessionRow>, StoreError> {
        self.inner.store.sessions(own(by), self.now()).await
    }

    /// Ends a session of the caller, for an admin anybody's.
    ///
    /// # Errors
    /// [`AccountFault::NotFound`] where there is none such.
    pub async fn end_session(&self, by: &Caller, id: i64) -> Result<(), AccountFault> {
        let row = audit_row(self.now(), by.who(), "session_ended", &id.to_string(), "");
        if !self.inner.store.end_session(id, own(by), &row).await? {
            return Err(AccountFault::NotFound(format!("there is no session {id}")));
        }
        self.forget(|known| known.session() == Some(id));
        Ok(())
    }

    /// Tokens for programs: the caller's own, for an admin all of them.
    ///
    /// # Errors
    /// Where the store can't be read.
    pub async fn api_tokens(&self, by: &Caller) -> Result<Vec<ApiTokenRow>, StoreError> {
        self.inner.store.api_tokens(own(by)).await
    }

    /// Makes a token for a program that may do no more than the caller; gives it, once.
    ///
    /// # Errors
    /// [`AccountFault`].
    pub async fn add_api_token(
        &self,
        by: &Caller,
        name: &str,
        role: Role,
        scope: AccessScope,
        expires: Timestamp,
    ) -> Result<(i64, String), AccountFault> {
        let user = by.name.clone().ok_or_else(|| no_such_user(by.who()))?;
        check_name(name)?;
        self.check_scope(role, &scope)?;
        if role > by.role || !by.reach.covers(&Reach::of(&self.inner.plan, &scope)) {
            let text = format!("you are {}, {}: a token can't have more", by.role.as_str(), by.scope);
            return Err(AccountFault::Beyond(text));
        }
        let now = self.now();
        let days = expires.seconds_since(now) / 86_400.0;
        if !(0.0..=TOKEN_MOST_DAYS).contains(&days) {
            let text =
                format!("`expires`: found {}, expected a time within {TOKEN_MOST_DAYS} days", expires.to_rfc3339());
            return Err(AccountFault::Refused(text));
        }
        let token = secret_token::new()?;
        let detail = format!("{}, {}, until {}", role.as_str(), scope, expires.to_rfc3339());
        let row = audit_row(now, by.who(), "token_made", name, &detail);
        let token_sha256 = secret_token::sha256(&token);
        let new = NewApiToken { token_sha256, user, name: name.to_owned(), role, scope, created: now, expires };
        match self.inner.store.add_api_token(&new, &row).await? {
            Some(id) => Ok((id, token)),
            None => Err(AccountFault::Conflict(format!("you have a token {name:?} already: end it first"))),
        }
    }

    /// Ends a token of the caller, for an admin anybody's.
    ///
    /// # Errors
    /// [`AccountFault::NotFound`] where there is none such.
    pub async fn end_api_token(&self, by: &Caller, id: i64) -> Result<(), AccountFault> {
        let row = audit_row(self.now(), by.who(), "token_ended", &id.to_string(), "");
        if !self.inner.store.end_api_token(id, own(by), &row).await? {
            return Err(AccountFault::NotFound(format!("there is no token {id}")));
        }
        self.forget(|known| matches!(known.credential, super::Credential::Token { id: known, .. } if known == id));
        Ok(())
    }

    /// What people did, the newest first; `most` at most.
    ///
    /// # Errors
    /// Where the store can't be read.
    pub async fn audit(&self, from: Timestamp, to: Timestamp, most: u32) -> Result<Vec<AuditRow>, StoreError> {
        self.inner.store.audit(from, to, most).await
    }

    /// A scope is of sites and units that there are; an admin looks after everything.
    fn check_scope(&self, role: Role, scope: &AccessScope) -> Result<(), AccountFault> {
        let AccessScope::Only { sites, units } = scope else { return Ok(()) };
        if role == Role::Admin {
            let text = "an admin has to do with everything: expected the scope \"all\"";
            return Err(AccountFault::Refused(text.to_owned()));
        }
        let response = &self.inner.plan.response;
        let unknown_site = sites.iter().find(|site| response.site(site).is_none());
        if let Some(site) = unknown_site {
            let there: Vec<&str> = response.sites.iter().map(|site| site.id.as_str()).collect();
            return Err(AccountFault::Refused(format!("there is no site `{site}`; there are: {}", there.join(", "))));
        }
        if let Some(unit) = units.iter().find(|unit| !response.units.iter().any(|known| &known.id == *unit)) {
            let there: Vec<&str> = response.units.iter().map(|unit| unit.id.as_str()).collect();
            return Err(AccountFault::Refused(format!("there is no unit `{unit}`; there are: {}", there.join(", "))));
        }
        if sites.is_empty() && units.is_empty() {
            let text = "the scope is of nothing: expected \"all\", or sites and units";
            return Err(AccountFault::Refused(text.to_owned()));
        }
        Ok(())
    }
}

/// Whose things the caller looks after; `None`: everybody's.
fn own(by: &Caller) -> Option<&str> {
    by.name.as_deref().filter(|_| by.role < Role::Admin)
}
