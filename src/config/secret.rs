//! Keeping secrets out of messages.

/// What stands in place of a secret.
pub(super) const HIDDEN: &str = "(hidden)";

/// Words before `=` in an address or a line that say that a secret follows, in small letters.
const SECRET_NAMES: [&str; 7] = ["password", "passwd", "passwort", "pass", "pwd", "psw", "token"];

/// The text with everything hidden that may be a user name or password in a network address: what stands between
/// `://` and the last `@` (a password may itself hold `@` or `/`), and the values of `password=` and the like.
pub(super) fn mask(text: &str) -> String {
    let mut masked = text.to_owned();
    if let Some(scheme) = masked.find("://") {
        let start = scheme + 3;
        if let Some(end) = masked[start..].rfind('@') {
            masked.replace_range(start..start + end, HIDDEN);
        }
    }
    for name in SECRET_NAMES {
        let mut from = 0;
        while let Some(value) = value_of(&masked, name, from) {
            if masked[value.clone()] != *HIDDEN && !is_placeholder(&masked[value.clone()]) {
                masked.replace_range(value.clone(), HIDDEN);
            }
            from = value.start;
        }
    }
    masked
}

/// Whether an address carries a password in its path or query: `?password=…`, `/user=admin&password=…`.
/// A placeholder in its place is none.
pub(super) fn has_secret_parameter(address: &str) -> bool {
    SECRET_NAMES.iter().any(|name| {
        let mut from = 0;
        while let Some(value) = value_of(address, name, from) {
            if !value.is_empty() && !is_placeholder(&address[value.clone()]) {
                return true;
            }
            from = value.start;
        }
        false
    })
}

fn is_placeholder(value: &str) -> bool {
    value == "{password}"
}

/// Where the value of the next `name=` from `from` on stands: up to `&` or the end.
fn value_of(text: &str, name: &str, from: usize) -> Option<std::ops::Range<usize>> {
    // ASCII only, so that positions in the lowered text are positions in the text.
    let lowered = text.to_ascii_lowercase();
    let found = lowered.get(from..)?.find(&format!("{name}="))?;
    let start = from + found + name.len() + 1;
    let length = text[start..].find(['&', '"', '\'', ' ', '\n']).unwrap_or(text.len() - start);
    Some(start..start + length)
}

/// Whether a line or key is likely to hold a secret, so that nothing of its value may be shown.
pub(super) fn is_sensitive(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["credential", "pass", "pwd", "psw", "secret", "token"].iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_without_user_and_password() {
        for (written, shown) in [
            ("rtsp://admin:geheim@10.0.0.5/live", "rtsp://(hidden)@10.0.0.5/live"),
            ("rtsp://admin:ge@he/im@10.0.0.5/live", "rtsp://(hidden)@10.0.0.5/live"),
            ("rtsp://10.0.0.5/live?Password=geheim&channel=1", "rtsp://10.0.0.5/live?Password=(hidden)&channel=1"),
            ("rtsp://h/user=a&password={password}&c=1", "rtsp://h/user=a&password={password}&c=1"),
            ("rtsp://h/pwd=geheim", "rtsp://h/pwd=(hidden)"),
            ("rtsp://10.0.0.5:554/live", "rtsp://10.0.0.5:554/live"),
            ("3.5", "3.5"),
        ] {
            assert_eq!(mask(written), shown);
        }
    }
}
