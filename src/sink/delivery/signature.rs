//! Signatures: HMAC with SHA-256 (RFC 2104), as receivers check them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    // A key of any length is taken.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// The value of the header `Crowdflow-Signature`: over the Unix time in seconds, a dot and the body.
#[must_use]
pub fn webhook_signature(secret: &str, unix_s: i64, body: &str) -> String {
    let mac = hmac_sha256(secret.as_bytes(), format!("{unix_s}.{body}").as_bytes());
    let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={unix_s},v1={hex}")
}

/// DingTalk's: keyed with the secret, over the Unix time in milliseconds and the secret; base64, not yet URL-encoded.
pub(super) fn dingtalk(secret: &str, unix_ms: i64) -> String {
    STANDARD.encode(hmac_sha256(secret.as_bytes(), format!("{unix_ms}\n{secret}").as_bytes()))
}

/// Feishu's: keyed with the Unix time in seconds and the secret, over nothing; base64.
pub(super) fn feishu(secret: &str, unix_s: i64) -> String {
    STANDARD.encode(hmac_sha256(format!("{unix_s}\n{secret}").as_bytes(), b""))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python's hmac, hashlib and base64.
    #[test]
    fn signatures_are_those_that_receivers_compute() {
        assert_eq!(
            webhook_signature("geheim", 1_795_489_200, "{\"schema\":1}"),
            "t=1795489200,v1=b80a7d987f40539098eb3f6f07537744608e9c6efea7fd04b469a34a7f96c67c"
        );
        assert_eq!(dingtalk("SECgeheim", 1_795_489_200_000), "J5s42gP0xX20TN1h80dn/sYoOu6iv9as6wRV0+99k6w=");
        assert_eq!(feishu("geheim", 1_795_489_200), "7ae2zTpndA9/1wagrKSZWbHkMuTAuA08eoKg+Hcy8Mo=");
    }
}
