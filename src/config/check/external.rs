//! External sources.

use super::delivery::{broker, kept, login, mqtt_topic};
use super::{Checker, Fault, FaultKind, KeyPath, defaults};
use crate::config::raw::RawConfig;
use crate::config::raw_delivery::RawMqtt;
use crate::config::raw_external::{RawCountedLine, RawCountedZone, RawExternalSource, RawToken};
use crate::config::{Access, CountedLinePlan, CountedZonePlan, ExternalSourcePlan};
use crate::model::{CameraId, LineId, ZoneId};

/// Those that are sound; what is wrong with the others is noted.
pub(super) fn check(checker: &mut Checker<'_>, raw: &RawConfig) -> Vec<ExternalSourcePlan> {
    let path = KeyPath::default().key("sources");
    let sources = raw.sources.iter();
    sources.filter_map(|(id, written)| source(checker, id, written, &path.key(id), raw)).collect()
}

fn source(
    checker: &mut Checker<'_>,
    id: &str,
    raw: &RawExternalSource,
    path: &KeyPath,
    config: &RawConfig,
) -> Option<ExternalSourcePlan> {
    let source_id = checker.id(path, CameraId::new(id));
    if config.cameras.contains_key(id) {
        let found = format!("the id {id:?}, which a camera has too");
        let fault = Fault::new(FaultKind::Repeated, found, "an id that no camera has")
            .help("Rules name places by it, as they do by a camera's: \"ID/ZONE\"");
        checker.note(path, fault);
    }
    let name = name(checker, id, raw.name.as_deref(), path);
    let stale_path = path.key("stale_after_s");
    let (range, usual) = (defaults::SOURCE_STALE_AFTER, defaults::SOURCE_STALE_AFTER_S);
    let stale_after_s = checker.number_or(&stale_path, raw.stale_after_s, range, usual);
    let access = access(checker, raw, path);
    if raw.zones.is_empty() && raw.lines.is_empty() {
        checker
            .missing(&path.key("zones"), "at least one zone or line that it counts, as zones.ID = {} or lines.ID = {}");
    }
    let zones: Vec<Option<CountedZonePlan>> =
        raw.zones.iter().map(|(id, written)| zone(checker, id, written, &path.key("zones").key(id))).collect();
    let lines: Vec<Option<CountedLinePlan>> =
        raw.lines.iter().map(|(id, written)| line(checker, id, written, &path.key("lines").key(id))).collect();
    Some(ExternalSourcePlan {
        id: source_id?,
        name: name?,
        stale_after_s: stale_after_s?,
        access: access?,
        zones: zones.into_iter().collect::<Option<_>>()?,
        lines: lines.into_iter().collect::<Option<_>>()?,
    })
}

fn name(checker: &mut Checker<'_>, id: &str, written: Option<&str>, path: &KeyPath) -> Option<String> {
    written.map_or(Some(id.to_owned()), |name| checker.text(&path.key("name"), name))
}

fn access(checker: &mut Checker<'_>, raw: &RawExternalSource, path: &KeyPath) -> Option<Access> {
    match (&raw.http, &raw.mqtt) {
        (Some(raw), None) => http(checker, raw, &path.key("http")),
        (None, Some(raw)) => mqtt(checker, raw, &path.key("mqtt")),
        (http, _) => {
            let found = if http.is_some() { "http and mqtt" } else { "neither http nor mqtt" };
            let fault = Fault::new(FaultKind::NotOneAccess, found, "exactly one table of http, mqtt").help(
                "http = { token_env = \"…\" } where the other system sends its counts here, mqtt = { url = \"mqtt://…\", \
                 topic = \"…\" } where a broker has them",
            );
            checker.note(path, fault);
            None
        }
    }
}

fn http(checker: &mut Checker<'_>, raw: &RawToken, path: &KeyPath) -> Option<Access> {
    let token = kept(checker, path, "token", (raw.token_env.as_deref(), raw.token_file.as_deref()));
    Some(Access::Http { token: token? })
}

fn mqtt(checker: &mut Checker<'_>, raw: &RawMqtt, path: &KeyPath) -> Option<Access> {
    let url = broker(checker, raw, path);
    let topic_path = path.key("topic");
    let topic = match raw.topic.as_deref() {
        Some(written) => {
            let expected = "the topic that its counts are published on, such as \"campus/gates\": no +, #, leading $ or \
                            empty level";
            mqtt_topic(checker, &topic_path, written, expected)
        }
        None => {
            checker.missing(&topic_path, "the topic that its counts are published on, such as \"campus/gates\"");
            None
        }
    };
    let credentials = login(checker, raw.credentials.as_ref(), path);
    let (host, port) = url?;
    Some(Access::Mqtt { host, port, topic: topic?, credentials: credentials? })
}

fn zone(checker: &mut Checker<'_>, id: &str, raw: &RawCountedZone, path: &KeyPath) -> Option<CountedZonePlan> {
    let zone_id = checker.id(path, ZoneId::new(id));
    let name = name(checker, id, raw.name.as_deref(), path);
    let area_m2 = checker.optional_number(&path.key("area_m2"), raw.area_m2, defaults::AREA_M2);
    Some(CountedZonePlan { id: zone_id?, name: name?, area_m2: area_m2? })
}

fn line(checker: &mut Checker<'_>, id: &str, raw: &RawCountedLine, path: &KeyPath) -> Option<CountedLinePlan> {
    let line_id = checker.id(path, LineId::new(id));
    let name = name(checker, id, raw.name.as_deref(), path);
    Some(CountedLinePlan { id: line_id?, name: name? })
}
