//! Tokens: 256 random bits that say who somebody is. They are kept as their SHA-256; as they can't be guessed, no slower
//! hash is called for.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::AccountFault;

/// A new token, as it is given out.
pub(super) fn new() -> Result<String, AccountFault> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| AccountFault::System(format!("the system gives no random numbers: {error}")))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// What is kept of a token.
pub(super) fn sha256(token: &str) -> String {
    hexadecimal(Sha256::digest(token.as_bytes()).as_slice())
}

/// What a page has to say beside a session's cookie whenever it changes something. Another web site's page can make the
/// browser send the cookie; it can't read this.
pub(super) fn csrf(session_token: &str) -> String {
    sha256(&format!("csrf {session_token}"))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_are_kept_as_hashes() {
        let (one, two) = (new().unwrap(), new().unwrap());
        assert_eq!(one.len(), 43, "256 bits");
        assert_ne!(one, two);
        assert_eq!(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!(csrf(&one) != sha256(&one) && csrf(&one) != csrf(&two));
    }
}
