//! Passwords: how long they have to be, and how they are kept.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};

use super::AccountFault;

/// Characters that a password has at least. Length is all that is asked: rules about digits and signs make people choose
/// what is guessed first.
pub const PASSWORD_LEAST: usize = 10;
/// At most: a longer one only costs time to hash.
pub const PASSWORD_MOST: usize = 256;

/// Whether a password may be chosen.
///
/// # Errors
/// [`AccountFault::Refused`]: too short or too long.
pub fn check_password(password: &str) -> Result<(), AccountFault> {
    let characters = password.chars().count();
    if (PASSWORD_LEAST..=PASSWORD_MOST).contains(&characters) {
        return Ok(());
    }
    Err(AccountFault::Refused(format!(
        "the password has {characters} characters, expected {PASSWORD_LEAST} to {PASSWORD_MOST}"
    )))
}

/// The hash of a password with a salt of its own (argon2id, 19 MiB, two passes: what OWASP asks for at least).
///
/// # Errors
/// [`AccountFault::System`]: the system gives no random numbers.
pub fn hash_password(password: &str) -> Result<String, AccountFault> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash: PasswordHash| hash.to_string()).map_err(|error| AccountFault::System(error.to_string()))
}

/// Whether the password is the one that was hashed.
pub(super) fn is_password(password: &str, hash: &str) -> bool {
    // A longer one was never taken, and would only cost time.
    password.chars().count() <= PASSWORD_MOST
        && PasswordHash::new(hash)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_by_its_hash_and_by_no_other() {
        let hash = hash_password("外滩 bund 2026").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(is_password("外滩 bund 2026", &hash));
        assert!(!is_password("外滩 bund 2027", &hash) && !is_password("", &hash) && !is_password("a", "no hash"));
        assert_ne!(hash, hash_password("外滩 bund 2026").unwrap(), "each has a salt of its own");
    }

    #[test]
    fn only_length_is_asked_of_a_password() {
        assert!(check_password("aaaaaaaaaa").is_ok() && check_password("外滩外滩外滩外滩外滩").is_ok());
        assert!(check_password("aaaaaaaaa").unwrap_err().to_string().contains("9 characters, expected 10"));
        assert!(check_password(&"a".repeat(257)).is_err());
    }
}
