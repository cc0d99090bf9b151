//! Evidence.

use super::{Checker, KeyPath, defaults};
use crate::config::raw_evidence::RawEvidence;
use crate::config::{EvidencePlan, Hide};

/// `None`: something is wrong.
pub(super) fn check(checker: &mut Checker<'_>, raw: &RawEvidence, path: &KeyPath) -> Option<EvidencePlan> {
    let folder_path = path.key("folder");
    let folder = match raw.folder.as_deref() {
        Some(folder) => checker.path(&folder_path, folder),
        None => {
            checker.missing(&folder_path, "a folder, such as folder = \"evidence\"");
            None
        }
    };
    let mut seconds =
        |key: &str, written, default| checker.number_or(&path.key(key), written, defaults::EVIDENCE_AROUND, default);
    let before_s = seconds("before_s", raw.before_s, defaults::EVIDENCE_BEFORE_S);
    let after_s = seconds("after_s", raw.after_s, defaults::EVIDENCE_AFTER_S);
    let words = [Hide::Heads, Hide::People].map(|hide| (hide.as_str(), hide));
    let hide = match raw.hide.as_deref() {
        Some(written) => checker.word(&path.key("hide"), written, &words),
        None => Some(Hide::Heads),
    };
    let usual = f64::from(defaults::EVIDENCE_KEEP_DAYS);
    let keep_days = checker.number_or(&path.key("keep_days"), raw.keep_days, defaults::KEEP_DAYS, usual);
    Some(EvidencePlan {
        folder: folder?,
        before_s: before_s?,
        after_s: after_s?,
        hide: hide?,
        clip: raw.clip.unwrap_or(true),
        // 0: for ever.
        keep_days: keep_days.map(|days| (days > 0.0).then_some(days as u32))?,
    })
}
