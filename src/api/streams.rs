//! Answers that go on: how many may be open at once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::ApiError;

/// The share of all streams that one user may have: many screens of one room may be logged in as one.
const SHARE_OF_ONE: usize = 4;

/// Streams of one kind. Pictures have a bound of their own, so that they never keep anybody from the alerts; and so has each
/// user, so that nobody keeps the others from either.
#[derive(Debug, Clone)]
pub(super) struct Streams {
    all: Arc<Semaphore>,
    most_of_one: usize,
    users: Arc<Users>,
}

/// How many streams each user has.
#[derive(Debug, Default)]
struct Users(Mutex<BTreeMap<String, usize>>);

/// Leave to keep a stream open, until it is dropped.
#[derive(Debug)]
pub(super) struct StreamPermit {
    user: Option<String>,
    users: Arc<Users>,
    _permit: OwnedSemaphorePermit,
}

impl Streams {
    pub(super) fn at_most(count: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(count)), most_of_one: count / SHARE_OF_ONE, users: Arc::default() }
    }

    /// Leave to keep one open. Without accounts there is nobody to be told from the others.
    pub(super) fn permit(&self, user: Option<&str>) -> Result<StreamPermit, ApiError> {
        let too_many = || ApiError::unavailable("too many streams are open; close other pages and try again");
        let permit = Arc::clone(&self.all).try_acquire_owned().map_err(|_| too_many())?;
        if let Some(user) = user {
            let mut users = self.users.lock();
            let count = users.entry(user.to_owned()).or_default();
            if *count >= self.most_of_one {
                return Err(too_many());
            }
            *count += 1;
        }
        Ok(StreamPermit { user: user.map(str::to_owned), users: Arc::clone(&self.users), _permit: permit })
    }
}

impl Users {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for StreamPermit {
    fn drop(&mut self) {
        let Some(user) = &self.user else { return };
        let mut users = self.users.lock();
        match users.get_mut(user) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(users.remove(user)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_keeps_the_others_out() {
        let streams = Streams::at_most(8);
        let of = |user: &str| streams.permit(Some(user));
        let mut of_li = vec![of("Li").unwrap(), of("Li").unwrap()];
        assert!(of("Li").is_err(), "a quarter is for one");
        let of_wang = of("Wang").unwrap();
        of_li.pop();
        of_li.push(of("Li").unwrap());
        assert!(of("Li").is_err());
        drop((of_li, of_wang));
        assert!(streams.users.lock().is_empty(), "nothing is kept of who has gone");
        let without_accounts: Vec<_> = (0..8).map(|_| streams.permit(None).unwrap()).collect();
        assert!(of("Li").is_err(), "all of them");
        drop(without_accounts);
        assert!(of("Li").is_ok());
    }
}
