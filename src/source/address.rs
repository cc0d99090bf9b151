//! Addresses of sources as they may be shown.

use crate::config::SourcePlan;

/// Where a source is: a path, a device, or an address without user, password, query and fragment.
#[must_use]
pub fn shown_address(plan: &SourcePlan) -> String {
    match plan {
        SourcePlan::File(file) => file.path.display().to_string(),
        SourcePlan::Images(folder) => folder.path.display().to_string(),
        SourcePlan::Stream(stream) => shown(&stream.url),
        SourcePlan::V4l2(device) => device.device.display().to_string(),
    }
}

/// The address without user, password, query and fragment (cameras take tokens in the query).
pub(super) fn shown(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let path = path.split(['?', '#']).next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
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
}
