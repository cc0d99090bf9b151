//! Why somebody is not let in, or something about users can't be done.

use crate::store::StoreError;

/// What is wrong, in words for whoever asked.
#[derive(Debug, thiserror::Error)]
pub enum AccountFault {
    /// Name and password don't fit. Which of them is not said.
    #[error("name or password is wrong")]
    WrongLogin,
    /// Too many have failed.
    #[error("too many failed logins: wait {wait_s:.0} s")]
    Limited {
        /// How long until the next one is looked at, in seconds.
        wait_s: f64,
    },
    /// Too many log in at the same time.
    #[error("too many log in at this moment: try again")]
    Busy,
    /// A value that was given can't be taken.
    #[error("{0}")]
    Refused(String),
    /// There is no such user, session or token (for whoever asks).
    #[error("{0}")]
    NotFound(String),
    /// It is there already, or would leave nobody to look after users.
    #[error("{0}")]
    Conflict(String),
    /// Role or scope don't go so far.
    #[error("{0}")]
    Beyond(String),
    /// The store can't be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system gives no random numbers, or a hash can't be made.
    #[error("{0}")]
    System(String),
}
