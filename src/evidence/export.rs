//! An alert as a ZIP file, for whoever has to judge it elsewhere: nothing of it needs this program to be read.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use serde_json::{Value, json};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::folder::EvidenceFolder;
use super::{EvidenceError, Finding};
use crate::model::{Level, Reading, Timestamp};
use crate::store::{
    ActionRow, AlertHistory, AlertRow, ConfigVersionRow, DeliveryRow, EvidenceRow, PlanStepRow, Store, TransitionRow,
};

/// Version of `alert.json` and `chain.json`. Fields may be added without a new one.
const SCHEMA: u32 = 1;
/// Records that are read at a time.
const PAGE: u32 = 1000;

/// What an export has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Files of evidence in it.
    pub files: usize,
    /// Files on record that are not in it, or are not as they were written.
    pub findings: Vec<Finding>,
}

/// Writes all that is known of an alert to a new ZIP file. A file of evidence that is missing or was changed is told of in
/// it; the rest is exported all the same.
///
/// # Errors
/// Where there is no such alert, `to` is there already, or store or disk fail; then nothing is left.
pub async fn export(store: &Store, folder: &EvidenceFolder, alert: &str, to: &Path) -> Result<Exported, EvidenceError> {
    let no_alert = || EvidenceError::NoSuchAlert { id: alert.to_owned() };
    let history = store.alert_history(alert).await?.ok_or_else(no_alert)?;
    let config = match &history.alert.config {
        Some(hash) => store.config_version(hash).await?,
        None => None,
    };
    let chain = chain_around(store, &history.evidence).await?;
    if to.exists() {
        return Err(EvidenceError::Exists { path: to.to_owned() });
    }
    let name = to.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let partial = to.with_file_name(format!("{name}.partial"));
    let written = write(&partial, folder, &history, config.as_ref(), &chain).and_then(|exported| {
        // Takes the name only where nobody else has taken it meanwhile.
        fs::hard_link(&partial, to)?;
        Ok(exported)
    });
    let _ = fs::remove_file(&partial);
    written.map_err(EvidenceError::io(to))
}

/// The records from the alert's first to its last: those of other alerts between them are links of the chain.
async fn chain_around(store: &Store, evidence: &[EvidenceRow]) -> Result<Vec<EvidenceRow>, EvidenceError> {
    let (Some(first), Some(last)) = (evidence.first(), evidence.last()) else { return Ok(Vec::new()) };
    let mut chain: Vec<EvidenceRow> = Vec::new();
    loop {
        let behind = chain.last().map_or(first.id - 1, |row| row.id);
        let page = store.evidence_chain(behind, PAGE).await?;
        let is_end = page.last().is_none_or(|row| row.id >= last.id);
        chain.extend(page.into_iter().filter(|row| row.id <= last.id));
        if is_end {
            return Ok(chain);
        }
    }
}

fn write(
    path: &Path,
    folder: &EvidenceFolder,
    history: &AlertHistory,
    config: Option<&ConfigVersionRow>,
    chain: &[EvidenceRow],
) -> io::Result<Exported> {
    let mut zip = ZipWriter::new(File::create(path)?);
    let (mut files, mut findings, mut sums) = (0, Vec::new(), String::new());
    for row in &history.evidence {
        let path = row.evidence.path.clone();
        let bytes = match folder.open_file(&path).and_then(|mut file| {
            let mut bytes = Vec::new();
            io::Read::read_to_end(&mut file, &mut bytes)?;
            Ok(bytes)
        }) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                findings.push(Finding::MissingFile { record: row.id, path });
                continue;
            }
            Err(error) => {
                findings.push(Finding::UnreadableFile { record: row.id, path, reason: error.to_string() });
                continue;
            }
        };
        let (found, expected) = (super::folder::sha256(&mut bytes.as_slice())?, row.evidence.sha256.clone());
        if found != expected {
            findings.push(Finding::ChangedFile { record: row.id, path: path.clone(), expected, found });
        }
        let _ = writeln!(sums, "{}  evidence/{path}", row.evidence.sha256);
        add(&mut zip, &format!("evidence/{path}"), &bytes)?;
        files += 1;
    }
    let told: Vec<String> = findings.iter().map(ToString::to_string).collect();
    add(&mut zip, "alert.json", &pretty(&alert_json(history, config, &told))?)?;
    let chain: Vec<Value> = chain.iter().map(record_json).collect();
    add(&mut zip, "chain.json", &pretty(&json!({ "schema": SCHEMA, "records": chain }))?)?;
    if let Some(config) = config {
        add(&mut zip, "config.toml", config.text.as_bytes())?;
    }
    add(&mut zip, "SHA256SUMS", sums.as_bytes())?;
    add(&mut zip, "README.txt", readme(history, config, &told).as_bytes())?;
    zip.finish()?.sync_all()?;
    Ok(Exported { files, findings })
}

fn add(zip: &mut ZipWriter<File>, name: &str, bytes: &[u8]) -> io::Result<()> {
    // Pictures and videos grow no smaller, and the rest is small.
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    zip.start_file(name, options)?;
    zip.write_all(bytes)
}

fn pretty(value: &Value) -> io::Result<Vec<u8>> {
    Ok(serde_json::to_vec_pretty(value)?)
}

fn time(at: Timestamp) -> String {
    at.to_rfc3339()
}

fn level(level: Option<Level>) -> Option<&'static str> {
    level.map(Level::as_str)
}

fn alert_json(history: &AlertHistory, config: Option<&ConfigVersionRow>, findings: &[String]) -> Value {
    let AlertRow { id, rule, name, place, measure, source, drill, state, stale, since, changed, .. } = &history.alert;
    let alert = &history.alert;
    json!({
        "schema": SCHEMA,
        "alert": {
            "id": id, "rule": rule, "name": name, "place": place.to_string(), "measure": measure, "source": source,
            "drill": drill, "state": state, "level": level(alert.level), "highest": level(alert.highest),
            "stale": stale, "since": time(*since), "changed": time(*changed), "closed": alert.closed.map(time),
            "acknowledged": alert.acknowledged.as_ref().map(|(at, who)| json!({ "at": time(*at), "who": who })),
            "shelved": alert.shelved.as_ref().map(|shelved| json!({
                "at": time(shelved.at), "until": time(shelved.until), "who": shelved.who, "reason": shelved.reason,
            })),
        },
        "transitions": history.transitions.iter().map(transition_json).collect::<Vec<_>>(),
        "actions": history.actions.iter().map(action_json).collect::<Vec<_>>(),
        "steps": history.steps.iter().map(step_json).collect::<Vec<_>>(),
        "deliveries": history.deliveries.iter().map(delivery_json).collect::<Vec<_>>(),
        "config": {
            "hash": alert.config,
            "in_force_since": config.map(|config| time(config.at)),
            "who": config.map(|config| &config.who),
            "why": config.map(|config| &config.why),
        },
        "evidence": history.evidence.iter().map(record_json).collect::<Vec<_>>(),
        "not_as_written": findings,
    })
}

fn transition_json(row: &TransitionRow) -> Value {
    let reading: Reading = row.reading;
    json!({
        "seq": row.seq, "time": time(row.at), "kind": row.kind, "from": level(row.from), "to": level(row.to),
        "value": reading.value(), "quality": reading.quality().to_string(), "threshold": row.threshold,
        "who": row.who, "note": row.note,
    })
}

fn action_json(row: &ActionRow) -> Value {
    json!({
        "time": time(row.at), "kind": row.kind, "who": row.who, "subject": row.subject, "note": row.note,
        "until": row.until.map(time),
    })
}

fn step_json(row: &PlanStepRow) -> Value {
    json!({
        "step": row.step, "position": row.position, "state": row.state, "who": row.who, "time": time(row.at),
        "note": row.note,
    })
}

/// What was sent is in the payload, which holds no secrets: those are added when it is sent. The last error is left out, as a
/// server's own words may repeat an address with a token in it.
fn delivery_json(row: &DeliveryRow) -> Value {
    let delivery = &row.delivery;
    let payload = serde_json::from_str(&delivery.payload).unwrap_or_else(|_| Value::from(delivery.payload.as_str()));
    json!({
        "sink": delivery.sink, "key": delivery.key, "written": time(delivery.created), "state": row.state.as_str(),
        "attempts": delivery.attempt, "settled": row.settled.map(time), "payload": payload,
    })
}

fn record_json(row: &EvidenceRow) -> Value {
    json!({
        "record": row.id, "alert": row.evidence.alert, "time_us": row.evidence.at.0, "time": time(row.evidence.at),
        "kind": row.evidence.kind, "path": row.evidence.path, "sha256": row.evidence.sha256, "previous": row.previous,
        "hash": row.hash,
    })
}

fn readme(history: &AlertHistory, config: Option<&ConfigVersionRow>, findings: &[String]) -> String {
    let AlertRow { id, name, since, .. } = &history.alert;
    let mut text = format!(
        "Alert {id}: {name}\nIt left calm at {}. Exported by crowdflow {}.\n\n\
         alert.json    what happened, what people did, the response plan's steps, what was sent to whom\n\
         evidence/     files of each rise: NUMBER_rule.json (the rule and its thresholds), NUMBER_samples.json (what was\n\
         \x20             measured in the minute before), NUMBER_picture_CAMERA.jpg, NUMBER_clip_CAMERA.mp4\n\
         chain.json    the records of these files, and those between them\n\
         SHA256SUMS    the files' SHA-256 as it is on record\n",
        time(*since),
        env!("CARGO_PKG_VERSION"),
    );
    text.push_str(match config {
        Some(_) => "config.toml   the configuration that was in force when the alert began\n",
        None => "The text of the configuration is not here: the store doesn't have it.\n",
    });
    if history.evidence.is_empty() {
        text.push_str("\nThere is no evidence of this alert on record.\n");
    }
    if !findings.is_empty() {
        text.push_str("\nNot as it was written:\n");
        for finding in findings {
            let _ = writeln!(text, "- {finding}");
        }
    }
    text.push_str(
        "\nTo check that the files are those on record:\n\
         \x20   sha256sum -c SHA256SUMS\n\
         To check a record: its `hash` is the SHA-256 of its previous, alert, time_us, kind, path and sha256, each followed\n\
         by a newline. Its `previous` is the `hash` of the record before it:\n\
         \x20   printf '%s\\n' PREVIOUS ALERT TIME_US KIND PATH SHA256 | sha256sum\n\
         The first record of all has an empty `previous`. That the chain as a whole was not written anew is shown by a\n\
         newer hash that somebody else has noted (`crowdflow evidence verify` prints it, and takes it with --known-hash).\n",
    );
    text
}
