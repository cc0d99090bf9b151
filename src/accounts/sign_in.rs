//! Who is let in: logins, the check of every request, and the link that makes the first admin.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};

use super::attempts::Attempts;
use super::password::{check_password, hash_password, is_password};
use super::registry::{NAME_MOST, check_name};
use super::{AccountFault, Caller, Credential, Reach, secret_token};
use crate::config::Plan;
use crate::model::{AccessScope, Role, Timestamp};
use crate::store::{AuditRow, FirstAdmin, NewSession, Store, StoreError, UserRow};

/// A session that nobody uses ends after so many seconds. A page that is open uses it.
pub const SESSION_IDLE_S: f64 = 3600.0;
/// A session ends after so many seconds, however much it is used: a shift of twelve hours with its handing over. Whoever
/// comes next logs in by their own name.
pub const SESSION_LONGEST_S: f64 = 14.0 * 3600.0;
/// The link that makes the first admin holds for so many seconds.
pub const SETUP_LINK_S: f64 = 3600.0;

/// For so many seconds it is not asked again whether a session or token holds. What this process ends holds no more at
/// once; what a command ends beside it, after this time.
const REMEMBERED_S: f64 = 5.0;
/// The store is told at most so often that a session was used, in seconds.
const USED_EVERY_S: f64 = 60.0;
/// The store may take so long to say whether a session holds; what was known before counts after that.
const ASK_WAIT: Duration = Duration::from_secs(2);
/// Sessions and tokens that are remembered before those that nobody uses are cleared away.
const MOST_KNOWN: usize = 2000;
/// Passwords that wait to be hashed. One is hashed at a time: each takes tens of milliseconds of a core that detects
/// people.
const MOST_WAITING: usize = 16;
/// It is looked so often whether a command has made an admin.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Who may use the service. Clones share it.
#[derive(Clone)]
pub struct Accounts {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) store: Store,
    pub(super) plan: Arc<Plan>,
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    known: Mutex<HashMap<Key, Known>>,
    /// Counts what was forgotten: what was asked before it must not be remembered after it.
    forgotten: AtomicU64,
    attempts: Mutex<Attempts>,
    hashing: Semaphore,
    waiting: Semaphore,
    /// The hash of a password that nobody knows: what is compared where there is no such user, so that the time of an
    /// answer doesn't tell who is there.
    nobodys_hash: String,
    has_admin: watch::Sender<bool>,
}

/// A session or token that held when it was asked last.
struct Known {
    caller: Caller,
    asked: Timestamp,
    used: Timestamp,
}

/// A session that has begun.
pub struct SignedIn {
    /// Its token: the cookie.
    pub token: String,
    /// Whose it is.
    pub caller: Caller,
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Accounts({})", self.inner.store.address())
    }
}

impl fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignedIn({:?})", self.caller)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Accounts {
    /// The accounts of a store. `now` is the wall clock.
    ///
    /// # Errors
    /// [`AccountFault::System`]: the system gives no random numbers.
    pub fn new(
        store: Store,
        plan: Arc<Plan>,
        now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    ) -> Result<Self, AccountFault> {
        let nobodys_hash = hash_password(&secret_token::new()?)?;
        let inner = Inner {
            store,
            plan,
            now,
            known: Mutex::default(),
            forgotten: AtomicU64::new(0),
            attempts: Mutex::default(),
            hashing: Semaphore::new(1),
            waiting: Semaphore::new(MOST_WAITING),
            nobodys_hash,
            has_admin: watch::Sender::new(false),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.inner.now)()
    }

    /// Begins a session. `address` and `user_agent` are put on record.
    ///
    /// # Errors
    /// [`AccountFault`]; a wrong name and a wrong password are the same, and take the same time.
    pub async fn sign_in(
        &self,
        name: &str,
        password: &str,
        address: &str,
        user_agent: &str,
    ) -> Result<SignedIn, AccountFault> {
        let now = self.now();
        // Nobody has a longer one; what is remembered of it is bounded.
        let name: String = name.chars().take(NAME_MOST + 1).collect();
        let name = name.as_str();
        let is_last = self.begin_attempt(name, address, now)?;
        // What can be nobody's name need not be looked up, and some of it can't be.
        let user = if check_name(name).is_ok() { self.inner.store.user(name).await? } else { None };
        let hash = user.as_ref().map_or(&self.inner.nobodys_hash, |user| &user.password_hash).clone();
        let password = password.to_owned();
        let fits = self.hashing(move || is_password(&password, &hash)).await?;
        let is_known = user.is_some();
        let Some(user) = user.filter(|user| fits && !user.disabled) else {
            // A password that was typed in the wrong place must not stand in the audit.
            let who = if is_known { name } else { "unknown name" };
            self.record(who, "login_failed", address, "").await;
            if is_last {
                self.record(who, "login_limited", address, "more are not looked at for some minutes").await;
            }
            return Err(AccountFault::WrongLogin);
        };
        self.attempt_succeeded(name, address, now);
        let token = secret_token::new()?;
        let new = NewSession {
            token_sha256: secret_token::sha256(&token),
            user: user.name.clone(),
            created: now,
            expires: now.plus_seconds(SESSION_LONGEST_S),
            address: address.to_owned(),
            user_agent: user_agent.chars().filter(|c| !c.is_control()).take(200).collect(),
        };
        let id = self.inner.store.add_session(&new, &audit_row(now, &user.name, "login", address, "")).await?;
        let credential = Credential::Session {
            id,
            csrf: secret_token::csrf(&token),
            token_sha256: new.token_sha256,
            expires: new.expires,
        };
        Ok(SignedIn { token, caller: self.caller_of(user, credential) })
    }

    /// Counts a try to log in; `true`: after it no more are looked at for a while.
    pub(super) fn begin_attempt(&self, name: &str, address: &str, now: Timestamp) -> Result<bool, AccountFault> {
        let begun = lock(&self.inner.attempts).begin(name, address, now);
        begun.map_err(|wait_s| AccountFault::Limited { wait_s })
    }

    /// The try that was begun then was no failure.
    pub(super) fn attempt_succeeded(&self, name: &str, address: &str, begun: Timestamp) {
        lock(&self.inner.attempts).succeeded(name, address, begun);
    }

    fn caller_of(&self, user: UserRow, credential: Credential) -> Caller {
        let reach = Arc::new(Reach::of(&self.inner.plan, &user.scope));
        Caller { name: Some(user.name), role: user.role, scope: user.scope, reach, credential }
    }

    /// Ends the caller's session.
    ///
    /// # Errors
    /// Where the store can't be written.
    pub async fn sign_out(&self, caller: &Caller) -> Result<(), AccountFault> {
        let Some(id) = caller.session() else { return Ok(()) };
        let row = audit_row(self.now(), caller.who(), "logout", "", "");
        self.inner.store.end_session(id, None, &row).await?;
        self.forget(|known| known.session() == Some(id));
        Ok(())
    }

    /// Whose session this token is; `None`: nobody's that holds.
    ///
    /// # Errors
    /// Where the store can't be asked and nothing is known from before.
    pub async fn of_session(&self, token: &str) -> Result<Option<Caller>, StoreError> {
        self.admitted((Kind::Session, secret_token::sha256(token)), &secret_token::csrf(token)).await
    }

    /// Whose token for a program this is; `None`: nobody's that holds.
    ///
    /// # Errors
    /// Where the store can't be asked and nothing is known from before.
    pub async fn of_token(&self, token: &str) -> Result<Option<Caller>, StoreError> {
        self.admitted((Kind::Token, secret_token::sha256(token)), "").await
    }

    /// Whether a caller who was let in still is, with all that the caller might do then: what a stream asks while it goes on.
    pub async fn still_holds(&self, caller: &Caller) -> bool {
        let asked = match &caller.credential {
            Credential::NoAccounts => return true,
            Credential::Session { token_sha256, csrf, .. } => {
                self.admitted((Kind::Session, token_sha256.clone()), csrf).await
            }
            Credential::Token { token_sha256, .. } => self.admitted((Kind::Token, token_sha256.clone()), "").await,
        };
        matches!(asked, Ok(Some(now)) if now.role >= caller.role && now.reach == caller.reach)
    }

    async fn admitted(&self, key: Key, csrf: &str) -> Result<Option<Caller>, StoreError> {
        let now = self.now();
        if let Some(caller) = self.remembered(&key, now, REMEMBERED_S) {
            return Ok(Some(caller));
        }
        let asked = async {
            match key.0 {
                Kind::Session => self.ask_session(&key, csrf, now).await,
                Kind::Token => self.ask_token(&key.1, now).await,
            }
        };
        let forgotten = self.inner.forgotten.load(Ordering::SeqCst);
        let patience = || StoreError::no_answer(self.inner.store.address(), ASK_WAIT);
        let asked = tokio::time::timeout(ASK_WAIT, asked).await.unwrap_or_else(|_| Err(patience()));
        match asked {
            Ok(Some(caller)) => {
                self.remember(key, &caller, now, forgotten);
                Ok(Some(caller))
            }
            Ok(None) => {
                lock(&self.inner.known).remove(&key);
                Ok(None)
            }
            // Whoever watches the crowd goes on watching it while the store is away.
            Err(error) if error.kind().is_transient() => {
                let caller = self.remembered(&key, now, f64::INFINITY).ok_or(error)?;
                self.remember(key, &caller, now, forgotten);
                Ok(Some(caller))
            }
            Err(error) => Err(error),
        }
    }

    async fn ask_session(&self, key: &Key, csrf: &str, now: Timestamp) -> Result<Option<Caller>, StoreError> {
        let Some((session, user)) = self.inner.store.session(&key.1).await? else { return Ok(None) };
        let used = lock(&self.inner.known).get(key).map_or(session.seen, |known| known.used.max(session.seen));
        if user.disabled || now >= session.expires || now.seconds_since(used) > SESSION_IDLE_S {
            return Ok(None);
        }
        if now.seconds_since(session.seen) >= USED_EVERY_S {
            let store = self.inner.store.clone();
            // Nobody waits for that.
            tokio::spawn(async move {
                if let Err(error) = store.session_was_used(session.id, now).await {
                    tracing::debug!(%error, "the use of a session is not on record");
                }
            });
        }
        let (id, expires) = (session.id, session.expires);
        let credential = Credential::Session { id, token_sha256: key.1.clone(), csrf: csrf.to_owned(), expires };
        Ok(Some(self.caller_of(user, credential)))
    }

    async fn ask_token(&self, token_sha256: &str, now: Timestamp) -> Result<Option<Caller>, StoreError> {
        let Some((token, user)) = self.inner.store.api_token(token_sha256).await? else { return Ok(None) };
        if user.disabled || now >= token.expires {
            return Ok(None);
        }
        let credential = Credential::Token {
            id: token.id,
            token_sha256: token_sha256.to_owned(),
            name: token.name,
            expires: token.expires,
        };
        let plan = &self.inner.plan;
        // The user may have been given less since.
        let reach = Reach::of(plan, &token.scope).and(&Reach::of(plan, &user.scope), plan);
        let mut caller = self.caller_of(user, credential);
        caller.role = caller.role.min(token.role);
        caller.scope = token.scope;
        caller.reach = Arc::new(reach);
        Ok(Some(caller))
    }

    /// Who was let in by this not longer than `most_s` ago.
    fn remembered(&self, key: &Key, now: Timestamp, most_s: f64) -> Option<Caller> {
        let mut known = lock(&self.inner.known);
        let known = known.get_mut(key)?;
        let expires = match known.caller.credential {
            Credential::NoAccounts => return None,
            Credential::Session { expires, .. } | Credential::Token { expires, .. } => expires,
        };
        let is_fresh = now < expires && now.seconds_since(known.asked).abs() < most_s;
        is_fresh.then(|| {
            known.used = now;
            known.caller.clone()
        })
    }

    fn remember(&self, key: Key, caller: &Caller, now: Timestamp, forgotten: u64) {
        let mut known = lock(&self.inner.known);
        if self.inner.forgotten.load(Ordering::SeqCst) != forgotten {
            return;
        }
        if known.len() >= MOST_KNOWN {
            known.retain(|_, known| now.seconds_since(known.used).abs() < SESSION_IDLE_S);
        }
        known.insert(key, Known { caller: caller.clone(), asked: now, used: now });
    }

    /// What holds no more.
    pub(super) fn forget(&self, is_gone: impl Fn(&Caller) -> bool) {
        let mut known = lock(&self.inner.known);
        self.inner.forgotten.fetch_add(1, Ordering::SeqCst);
        known.retain(|_, known| !is_gone(&known.caller));
    }

    /// Does what takes a core's time where nobody waits for that core.
    pub(super) async fn hashing<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AccountFault> {
        let _waits = self.inner.waiting.try_acquire().map_err(|_| AccountFault::Busy)?;
        let _works = self.inner.hashing.acquire().await.map_err(|_| AccountFault::Busy)?;
        tokio::task::spawn_blocking(work).await.map_err(|error| AccountFault::System(error.to_string()))
    }

    /// The hash of a password that may be chosen.
    pub(super) async fn new_hash(&self, password: &str) -> Result<String, AccountFault> {
        check_password(password)?;
        let password = password.to_owned();
        self.hashing(move || hash_password(&password)).await?
    }

    /// Puts on record what somebody did. Where the store can't take it, the log has it.
    pub async fn record(&self, who: &str, kind: &str, subject: &str, detail: &str) {
        let row = audit_row(self.now(), who, kind, subject, detail);
        if let Err(error) = self.inner.store.record_audit(&row).await {
            tracing::error!(%error, who, kind, subject, detail, "this is not on record");
        }
    }

    /// The token of a new link that makes the first admin; earlier ones hold no more.
    ///
    /// # Errors
    /// Where the store can't be written.
    pub async fn new_setup_link(&self) -> Result<String, AccountFault> {
        let token = secret_token::new()?;
        let expires = self.now().plus_seconds(SETUP_LINK_S);
        self.inner.store.set_setup_link(&secret_token::sha256(&token), expires).await?;
        Ok(token)
    }

    /// Makes the first admin, by the link's token.
    ///
    /// # Errors
    /// [`AccountFault::Beyond`]: the link doesn't hold. [`AccountFault::Conflict`]: there is an admin already.
    pub async fn set_up(&self, token: &str, name: &str, password: &str, address: &str) -> Result<(), AccountFault> {
        let is_there = || AccountFault::Conflict("there is an admin already: log in, or ask for a user".to_owned());
        if self.inner.store.has_admin().await? {
            return Err(is_there());
        }
        check_name(name)?;
        let password_hash = self.new_hash(password).await?;
        let admin = UserRow {
            name: name.to_owned(),
            password_hash,
            role: Role::Admin,
            scope: AccessScope::All,
            disabled: false,
            created: self.now(),
        };
        let row = audit_row(admin.created, name, "user_added", name, &format!("the first admin, from {address}"));
        match self.inner.store.add_first_admin(&secret_token::sha256(token), &admin, &row).await? {
            FirstAdmin::Made => {
                self.inner.has_admin.send_replace(true);
                Ok(())
            }
            FirstAdmin::IsThere => Err(is_there()),
            FirstAdmin::WrongLink => Err(AccountFault::Beyond(
                "this link holds no more: it was used, or is older than an hour. Start the service again for a new one"
                    .to_owned(),
            )),
        }
    }

    /// Whether there is an admin who may log in.
    ///
    /// # Errors
    /// Where the store can't be read.
    pub async fn has_admin(&self) -> Result<bool, StoreError> {
        self.inner.store.has_admin().await
    }

    /// Waits until there is an admin, made by the link or by a command beside the service.
    pub async fn await_admin(&self) {
        let mut made = self.inner.has_admin.subscribe();
        loop {
            if let Ok(true) = self.has_admin().await {
                return;
            }
            let _ = tokio::time::timeout(LOOK_EVERY, made.changed()).await;
        }
    }
}

/// What a token is: one kind is never taken for the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Session,
    Token,
}

/// A token by its kind and SHA-256.
type Key = (Kind, String);

pub(super) fn audit_row(at: Timestamp, who: &str, kind: &str, subject: &str, detail: &str) -> AuditRow {
    AuditRow { at, who: who.to_owned(), kind: kind.to_owned(), subject: subject.to_owned(), detail: detail.to_owned() }
}
