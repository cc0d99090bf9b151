//! Addresses of streams: with the password when opened, without it when shown.

use std::fmt::Write;

/// The address without user, password, query and fragment (cameras take tokens in the query).
pub(super) fn shown(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let path = path.split(['?', '#']).next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}

/// The address to open: user and password percent-encoded in front of the host.
pub(super) fn with_credentials(address: &str, credentials: Option<&(String, String)>) -> String {
    match (credentials, address.split_once("://")) {
        (Some((user, password)), Some((scheme, rest))) => {
            format!("{scheme}://{}:{}@{rest}", percent_encoded(user), percent_encoded(password))
        }
        _ => address.to_owned(),
    }
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing into a string can't fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_address_has_no_secret() {
        assert_eq!(shown("rtsp://u:p@ss@cam:554/live?token=x#y"), "rtsp://cam:554/live");
        assert_eq!(shown("rtsp://cam/a@b"), "rtsp://cam/a@b");
        assert_eq!(shown("http://u:p@cam?token=x"), "http://cam");
        assert_eq!(shown("/videos/a?b#c@d.avi"), "/videos/a?b#c@d.avi");
    }

    #[test]
    fn credentials_are_encoded() {
        let credentials = ("ad min".to_owned(), "p@:/x".to_owned());
        assert_eq!(with_credentials("rtsp://cam/live", Some(&credentials)), "rtsp://ad%20min:p%40%3A%2Fx@cam/live");
        assert_eq!(with_credentials("rtsp://cam/live", None), "rtsp://cam/live");
    }
}
