//! Who uses the service: users and their passwords, sessions, tokens for programs, and what each of them may see.
//!
//! - Nothing secret is kept: a password as its argon2id hash, tokens (256 random bits) as their SHA-256.
//! - Whether somebody may is asked at every request; the answer is remembered for seconds ([`Accounts`]), so that the
//!   live picture of a control room doesn't hang on the store.
//! - [`Reach`] says of each place whether it is within somebody's scope.

mod attempts;
mod caller;
mod fault;
mod password;
mod reach;
mod registry;
mod secret_token;
mod sign_in;

pub use caller::{Caller, Credential};
pub use fault::AccountFault;
pub use password::{PASSWORD_LEAST, PASSWORD_MOST, check_password, hash_password};
pub use reach::Reach;
pub use registry::{NAME_MOST, NewUser, check_name};
pub use sign_in::{Accounts, SESSION_IDLE_S, SESSION_LONGEST_S, SETUP_LINK_S, SignedIn};
