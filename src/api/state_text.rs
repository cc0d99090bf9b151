//! The state as it is sent, written once for all who look at the same time and may see the same.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;

use super::error::ApiError;
use super::wire::StateBody;
use super::{ApiState, Visible};
use crate::accounts::Reach;
use crate::model::Timestamp;

/// A text without changes since is given out for this long: its ages are of then.
const FRESH_FOR_US: i64 = 100_000;
/// Texts that are kept; people of one scope share one.
const MOST_TEXTS: usize = 64;

const EVENT_HEAD: &[u8] = b"event: state\ndata: ";
const EVENT_END: &[u8] = b"\n\n";

/// The state's text for some who may see the same. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct StateText(Bytes);

impl StateText {
    fn new(json: &[u8]) -> Self {
        Self([EVENT_HEAD, json, EVENT_END].concat().into())
    }

    /// As a server-sent event; JSON escapes line ends, so that it is one line of data.
    pub(super) fn event(&self) -> Bytes {
        self.0.clone()
    }

    /// As JSON.
    pub(super) fn json(&self) -> Bytes {
        self.0.slice(EVENT_HEAD.len()..self.0.len() - EVENT_END.len())
    }
}

#[derive(Debug)]
struct Kept {
    reach: Arc<Reach>,
    version: u64,
    written: Timestamp,
    text: StateText,
}

/// The newest texts.
#[derive(Debug, Default)]
pub(super) struct StateTexts(Mutex<Vec<Kept>>);

impl StateTexts {
    /// The state as it stands, for those of this reach.
    pub(super) fn of(&self, state: &ApiState, reach: &Arc<Reach>) -> Result<StateText, ApiError> {
        let write = || {
            let visible = Visible { reach, plan: &state.plan };
            serde_json::to_vec(&StateBody::new(state, &state.status.snapshot(), visible))
        };
        // Read before the snapshot is taken: a change in between makes the text newer than it says, and it is written anew.
        self.newest((state.status.version(), (state.now)()), reach, write).map_err(|error| ApiError::internal(&error))
    }

    /// The lock is held while it is written: a hundred who are told of the same change wait for one text.
    fn newest(
        &self,
        (version, now): (u64, Timestamp),
        reach: &Arc<Reach>,
        write: impl FnOnce() -> serde_json::Result<Vec<u8>>,
    ) -> serde_json::Result<StateText> {
        let mut texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = |kept: &Kept| (0..FRESH_FOR_US).contains(&now.0.saturating_sub(kept.written.0));
        if let Some(kept) = texts.iter().find(|kept| kept.reach == *reach)
            && kept.version == version
            && is_fresh(kept)
        {
            return Ok(kept.text.clone());
        }
        let text = StateText::new(&write()?);
        texts.retain(|kept| kept.reach != *reach && is_fresh(kept));
        texts.truncate(MOST_TEXTS - 1);
        texts.push(Kept { reach: Arc::clone(reach), version, written: now, text: text.clone() });
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn written(texts: &StateTexts, now: (u64, i64), reach: &Arc<Reach>, json: &str) -> String {
        let text = texts.newest((now.0, Timestamp(now.1)), reach, || Ok(json.as_bytes().to_vec())).unwrap();
        assert_eq!(text.event(), format!("event: state\ndata: {}\n\n", str::from_utf8(&text.json()).unwrap()));
        String::from_utf8(text.json().to_vec()).unwrap()
    }

    #[test]
    fn a_text_is_shared_until_something_changes_or_it_is_old() {
        let texts = StateTexts::default();
        let all = Arc::new(Reach::All);
        assert_eq!(written(&texts, (1, 1_000_000), &all, "first"), "first");
        assert_eq!(written(&texts, (1, 1_099_999), &all, "second"), "first", "the same for whoever asks at that time");
        assert_eq!(written(&texts, (2, 1_099_999), &all, "third"), "third", "something has changed");
        assert_eq!(written(&texts, (2, 1_199_999), &all, "fourth"), "fourth", "its ages are old");
        assert_eq!(written(&texts, (2, 1_100_000), &all, "fifth"), "fifth", "the clock was set back");
    }

    #[test]
    fn nobody_is_given_what_others_may_see() {
        let texts = StateTexts::default();
        let nothing = || Arc::new(Reach::Only { sites: BTreeSet::new(), cameras: BTreeSet::new() });
        assert_eq!(written(&texts, (1, 0), &Arc::new(Reach::All), "all"), "all");
        assert_eq!(written(&texts, (1, 0), &nothing(), "nothing"), "nothing");
        assert_eq!(written(&texts, (1, 0), &nothing(), "else"), "nothing", "another caller of the same scope");
        assert_eq!(written(&texts, (1, 0), &Arc::new(Reach::All), "else"), "all");
    }
}
