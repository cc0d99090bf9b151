//! Evidence: from a rise to files and records, what shows when they are tampered with, exports, and their end.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use crowdflow::config::{self, Plan, PrivacyPlan};
use crowdflow::evidence::{
    EvidenceFolder, EvidenceRecorder, EvidenceStats, Finding, SeenFrame, cameras_with_rules, expire, export, verify,
};
use crowdflow::model::{
    AlertEvent, AlertId, AlertKind, CameraId, FrameMeta, FrameReport, FrameSize, Level, Measure, ObjectClass, PixelBox,
    Place, Reading, Readings, RuleId, SiteId, Timestamp, Track, TrackId, TrackState, ZoneId, ZoneState,
};
use crowdflow::picture::Picture;
use crowdflow::store::{AlertCommit, ConfigVersionRow, NewDelivery, Store, StoreAddress};
use crowdflow::view::{Annotator, Scene};
use opencv::videoio::{self, VideoCapture, VideoCaptureTrait as _};
use sha2::{Digest as _, Sha256};

use super::{Site, alert, at, on_both, transition, wait};
use crate::support::{self, PATIENCE};

on_both!(
    a_rise_is_kept_from_some_seconds_before_to_some_after,
    a_camera_that_dies_ends_its_clip_and_a_site_has_pictures_of_all_its_cameras,
    whatever_is_tampered_with_shows,
    an_export_holds_all_that_is_known,
    old_evidence_goes_and_the_chain_still_holds,
);

const SIZE: FrameSize = FrameSize { width_px: 769, height_px: 577 };
const PERSON: PixelBox = PixelBox { left: 100.0, top: 300.0, right: 180.0, bottom: 500.0 };

fn plan(more: &str) -> Plan {
    let text = format!(
        r#"
        [store]
        [evidence]
        folder = "evidence"
        before_s = 2
        after_s = 2
        {more}
        [cameras.gate]
        source.file = {{ path = "gate.avi", fps = 10 }}
        zones.plaza.polygon = [[0, 0], [1, 0], [1, 0.3], [0, 0.3]]
        [cameras.quay]
        source.file = {{ path = "quay.avi", fps = 10 }}
        zones.steps.polygon = [[0, 0], [1, 0], [1, 0.3], [0, 0.3]]
        [cameras.idle]
        source.file = {{ path = "idle.avi", fps = 10 }}
        [sites]
        bund = {{ zones = ["gate/plaza", "quay/steps"], capacity = 100 }}
        [rules]
        full = {{ zone = "gate/plaza", measure = "occupancy", levels.red = {{ raise = 3, hold_s = 0 }} }}
        bund = {{ site = "bund", measure = "occupancy", levels.red = {{ raise = 3, hold_s = 0 }} }}
        "#
    );
    config::parse(&text, Path::new("/site"), &|_| None).unwrap()
}

/// Light and dark pixels in turn: the finest detail that there can be.
fn checkerboard() -> Picture {
    let (width, height) = (SIZE.width_px as usize, SIZE.height_px as usize);
    let shade = |index: usize| if (index % width + index / width).is_multiple_of(2) { 255 } else { 0 };
    Picture::from_bgr(SIZE, &(0..width * height).flat_map(|index| [shade(index); 3]).collect::<Vec<_>>()).unwrap()
}

fn zone() -> Place {
    Place::Zone(CameraId::new("gate").unwrap(), ZoneId::new("plaza").unwrap())
}

/// A frame of a camera with one person in it, and this many in its zone.
fn report(camera: &str, at: Timestamp, people: f64) -> FrameReport {
    let camera = CameraId::new(camera).unwrap();
    let zone = if camera.as_str() == "gate" { "plaza" } else { "steps" };
    let track = Track {
        id: TrackId(1),
        class: ObjectClass::Person,
        state: TrackState::Confirmed,
        bbox: PERSON,
        score: 0.9,
        first_seen: at,
        last_seen: at,
    };
    FrameReport {
        camera: camera.clone(),
        at,
        frame: Some(FrameMeta { camera, seq: 0, at, size: SIZE, epoch: 0 }),
        tracks: vec![track],
        zones: vec![ZoneState {
            zone: ZoneId::new(zone).unwrap(),
            classes: Vec::new(),
            readings: Readings::NONE.with(Measure::Occupancy, Reading::Valid(people)),
            saturation: None,
        }],
        lines: Vec::new(),
        readings: Readings::NONE,
        crossings: Vec::new(),
        alerts: Vec::new(),
    }
}

fn rise(rule: &str, place: Place, at: Timestamp, since: Timestamp) -> AlertEvent {
    AlertEvent {
        at,
        rule: RuleId::new(rule).unwrap(),
        name: "人民广场 is full".to_owned(),
        place,
        measure: Measure::Occupancy,
        kind: AlertKind::Raised,
        from: None,
        to: Some(Level::Red),
        reading: Reading::AtLeast(3.0),
        threshold: Some(3.0),
        source: "site plan".to_owned(),
        since,
    }
}

/// A recorder that is given time to draw, as a camera would.
struct Recorder {
    inner: EvidenceRecorder,
    handed_over: u64,
}

impl Recorder {
    fn start(plan: &Plan, folder: &Path, store: &Store) -> Self {
        let folder = EvidenceFolder::open(folder).unwrap();
        let settings = plan.evidence.as_ref().unwrap();
        let runtime = tokio::runtime::Handle::current();
        let inner = EvidenceRecorder::start(plan, settings, folder, store.clone(), runtime).unwrap();
        Self { inner, handed_over: 0 }
    }

    fn seen(&mut self, report: FrameReport, picture: impl FnOnce() -> Picture, also_hide: Vec<PixelBox>) {
        let handed_over = &mut self.handed_over;
        self.inner.seen(&Arc::new(report), || {
            *handed_over += 1;
            Some(SeenFrame { picture: picture(), levels: Vec::new(), also_hide })
        });
        let begun = Instant::now();
        while self.inner.stats().drawn < self.handed_over {
            assert!(begun.elapsed() < PATIENCE, "{:?}", self.inner.stats());
            std::thread::yield_now();
        }
    }

    /// Ten frames a second.
    fn watch(&mut self, camera: &str, from_s: f64, until_s: f64) {
        let frames = ((until_s - from_s) * 10.0).round() as u32;
        for frame in 0..frames {
            let time = at(from_s + f64::from(frame) / 10.0);
            self.seen(report(camera, time, f64::from(frame)), checkerboard, Vec::new());
        }
    }

    fn raised(&mut self, event: &AlertEvent) -> AlertId {
        let id = AlertId::of(event);
        self.inner.raised(event, &id, Some("abc"));
        id
    }
}

/// Files of the folder, by path.
fn files(folder: &Path) -> Vec<String> {
    fn add(folder: &Path, root: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                add(&path, root, found);
            } else {
                found.push(path.strip_prefix(root).unwrap().to_string_lossy().into_owned());
            }
        }
    }
    let mut found = Vec::new();
    add(folder, folder, &mut found);
    found.sort();
    found
}

/// Mean difference of neighbouring pixels in a rectangle (left, top, right, bottom).
fn fine_detail(picture: &Picture, (left, top, right, bottom): (usize, usize, usize, usize)) -> f64 {
    let (width, bytes) = (picture.size().width_px as usize, picture.bytes().unwrap());
    let green = |x: usize, y: usize| bytes[(y * width + x) * 3 + 1];
    let row = |y: usize| (left..right - 1).map(move |x| f64::from(green(x, y).abs_diff(green(x + 1, y)))).sum::<f64>();
    (top..bottom).map(row).sum::<f64>() / ((bottom - top) * (right - 1 - left)) as f64
}

/// Mean difference of two pictures in a rectangle (left, top, right, bottom).
fn difference(a: &Picture, b: &Picture, (left, top, right, bottom): (f64, f64, f64, f64)) -> f64 {
    let FrameSize { width_px, height_px } = a.size();
    let span = |from: f64, to: f64, most: u32| from.max(0.0) as usize..(to.max(0.0) as usize).min(most as usize);
    let (a, b) = (a.bytes().unwrap(), b.bytes().unwrap());
    let (mut sum, mut count) = (0.0, 0.0);
    for y in span(top, bottom, height_px) {
        for x in span(left, right, width_px) {
            let green = (y * width_px as usize + x) * 3 + 1;
            sum += f64::from(a[green].abs_diff(b[green]));
            count += 1.0;
        }
    }
    sum / count
}

fn frames_of(clip: &Path) -> Vec<Picture> {
    let mut capture = VideoCapture::from_file(clip.to_str().unwrap(), videoio::CAP_FFMPEG).unwrap();
    let mut frames = Vec::new();
    let mut mat = opencv::core::Mat::default();
    while capture.read(&mut mat).unwrap() {
        frames.push(Picture::from_mat(std::mem::take(&mut mat)).unwrap());
    }
    frames
}

fn json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

async fn a_rise_is_kept_from_some_seconds_before_to_some_after(site: Site) {
    let (store, temporary) = (site.open().await, tempfile::tempdir().unwrap());
    let mut recorder = Recorder::start(&plan(""), temporary.path(), &store);
    recorder.watch("gate", 0.0, 5.0);
    let event = rise("full", zone(), at(5.0), at(5.0));
    let mut report = report("gate", at(5.0), 3.0);
    report.alerts.push(event.clone());
    recorder.seen(report, checkerboard, Vec::new());
    let id = recorder.raised(&event);
    let lowered = AlertEvent { kind: AlertKind::Lowered, ..event.clone() };
    recorder.raised(&lowered);
    recorder.watch("gate", 5.1, 9.0);
    // It rises once more within the alert.
    let again = rise("full", zone(), at(8.9), at(5.0));
    assert_eq!(recorder.raised(&again), id);
    let stats = recorder.inner.finish();
    assert_eq!((stats.rises, stats.written, stats.recorded), (2, 8, 8));
    assert_eq!((stats.failed, stats.dropped), (0, 0));

    let folder = temporary.path().join(format!("2026-11-24/{id}"));
    let names = ["1_clip_gate.mp4", "1_picture_gate.jpg", "1_rule.json", "1_samples.json"];
    let again = names.map(|name| name.replace('1', "2"));
    assert_eq!(files(&folder), names.into_iter().map(str::to_owned).chain(again).collect::<Vec<_>>());
    let picture = Picture::read(&folder.join("1_picture_gate.jpg")).unwrap();
    assert_eq!(picture.size(), SIZE);
    assert!(fine_detail(&picture, (105, 305, 175, 350)) < 5.0, "the head is blurred");
    assert!(fine_detail(&picture, (300, 300, 400, 400)) > 20.0, "nothing else is");
    // Five pictures a second, from two seconds before to two after.
    let frames = frames_of(&folder.join("1_clip_gate.mp4"));
    assert_eq!((frames.len(), frames[0].size()), (21, FrameSize { width_px: 640, height_px: 480 }));
    let (rule, samples) = (json(&folder.join("1_rule.json")), json(&folder.join("1_samples.json")));
    assert_eq!((&rule["config"], &rule["hidden"]), (&"abc".into(), &"heads".into()));
    assert_eq!(rule["rise"]["quality"], "at_least");
    assert_eq!(rule["rule"]["conditions"][0]["levels"][0]["raise"], 3.0);
    assert_eq!(rule["cameras"][0]["picture"], at(5.0).to_rfc3339());
    let series = &samples["samples"][0];
    assert_eq!((&series["place"], &series["measure"]), (&"gate/plaza".into(), &"occupancy".into()));
    let readings = series["readings"].as_array().unwrap();
    assert_eq!((readings.len(), &readings[5]["value"]), (6, &3.0.into()), "one a second, and that of the rise");

    let done = verify(&store, &EvidenceFolder::open_existing(temporary.path()).unwrap(), None).await.unwrap();
    assert_eq!((done.records, done.files, done.findings), (8, 8, Vec::new()));
    assert_eq!(store.evidence(id.as_str()).await.unwrap().len(), 8);
}

async fn a_camera_that_dies_ends_its_clip_and_a_site_has_pictures_of_all_its_cameras(site: Site) {
    let (store, temporary) = (site.open().await, tempfile::tempdir().unwrap());
    let plan = plan("hide = \"people\"");
    let cameras: Vec<String> = cameras_with_rules(&plan).iter().map(ToString::to_string).collect();
    assert_eq!(cameras, ["gate", "quay"]);
    let mut recorder = Recorder::start(&plan, temporary.path(), &store);
    recorder.watch("idle", 0.0, 1.0);
    assert_eq!(recorder.handed_over, 0, "no rule looks at it");
    recorder.watch("gate", 0.0, 3.0);
    let bund = SiteId::new("bund").unwrap();
    let readings = Readings::NONE.with(Measure::Occupancy, Reading::Valid(2.0));
    recorder.inner.sites(at(2.0), [(&bund, readings)].into_iter());
    let event = rise("bund", Place::Site(bund), at(3.0), at(3.0));
    let id = recorder.raised(&event);
    // From here on nothing but ticks.
    let tick = FrameReport { frame: None, tracks: Vec::new(), ..report("gate", at(6.0), 0.0) };
    recorder.seen(tick, || panic!("a tick has no picture"), Vec::new());
    let stats = recorder.inner.finish();
    assert_eq!((stats.written, stats.recorded, stats.failed), (4, 4, 0), "{stats:?}");
    let folder = temporary.path().join(format!("2026-11-24/{id}"));
    assert_eq!(files(&folder), ["1_clip_gate.mp4", "1_picture_gate.jpg", "1_rule.json", "1_samples.json"]);
    assert_eq!(frames_of(&folder.join("1_clip_gate.mp4")).len(), 10, "what there was");
    let rule = json(&folder.join("1_rule.json"));
    assert_eq!(
        rule["cameras"][1],
        serde_json::json!({
            "camera": "quay", "picture": null, "why_none": "no picture came yet",
        })
    );
    assert_eq!(json(&folder.join("1_samples.json"))["samples"][0]["readings"][0]["value"], 2.0);
    let picture = Picture::read(&folder.join("1_picture_gate.jpg")).unwrap();
    assert!(fine_detail(&picture, (105, 400, 175, 490)) < 8.0, "the whole person is blurred");
}

/// Three rises with two files each, without pictures.
async fn three_rises(store: &Store, folder: &Path) -> Vec<AlertId> {
    let mut recorder = Recorder::start(&plan(""), folder, store);
    let ids = [0.0, 100.0, 200.0].map(|seconds| {
        let event = rise("full", zone(), at(seconds), at(seconds));
        recorder.raised(&event)
    });
    let stats = recorder.inner.finish();
    assert_eq!((stats.written, stats.recorded), (6, 6));
    ids.to_vec()
}

async fn whatever_is_tampered_with_shows(site: Site) {
    let (store, temporary) = (site.open().await, tempfile::tempdir().unwrap());
    let path = temporary.path();
    three_rises(&store, path).await;
    let folder = EvidenceFolder::open_existing(path).unwrap();
    let findings = async |known: Option<&str>| verify(&store, &folder, known).await.unwrap().findings;
    let chain = store.evidence_chain(0, 100).await.unwrap();
    let newest = chain[5].hash.clone();
    assert_eq!(findings(Some(&newest)).await, []);

    // Files.
    let (changed, missing) = (&chain[0].evidence, &chain[1].evidence);
    let original = std::fs::read(path.join(&changed.path)).unwrap();
    std::fs::write(path.join(&changed.path), "other").unwrap();
    std::fs::rename(path.join(&missing.path), path.join("elsewhere")).unwrap();
    let expected = changed.sha256.clone();
    let found = "d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa".to_owned();
    assert_eq!(
        findings(None).await,
        [
            Finding::ChangedFile { record: chain[0].id, path: changed.path.clone(), expected, found },
            Finding::MissingFile { record: chain[1].id, path: missing.path.clone() },
            Finding::WithoutRecord { path: "elsewhere".to_owned() },
        ]
    );
    std::fs::write(path.join(&changed.path), original).unwrap();
    std::fs::rename(path.join("elsewhere"), path.join(&missing.path)).unwrap();
    let half = format!("{}/.incomplete_1_clip.mp4", Path::new(&changed.path).parent().unwrap().display());
    std::fs::write(path.join(&half), "half").unwrap();
    assert_eq!(findings(None).await, [Finding::Incomplete { path: half.clone() }]);
    std::fs::remove_file(path.join(&half)).unwrap();

    // Records.
    site.run("UPDATE evidence SET at_us = at_us + 1 WHERE id = (SELECT MIN(id) + 2 FROM evidence)").await;
    let changed = Finding::ChangedRecord { record: chain[2].id, path: chain[2].evidence.path.clone() };
    assert_eq!(findings(None).await, [changed]);
    site.run("UPDATE evidence SET at_us = at_us - 1 WHERE id = (SELECT MIN(id) + 2 FROM evidence)").await;
    assert_eq!(findings(None).await, []);
    site.run("DELETE FROM evidence WHERE id = (SELECT MIN(id) + 2 FROM evidence)").await;
    assert_eq!(
        findings(None).await,
        [
            Finding::BrokenChain { before: chain[1].id, record: chain[3].id },
            Finding::WithoutRecord { path: chain[2].evidence.path.clone() },
        ]
    );
    // The end of the chain together with its file: only who has noted its hash sees it.
    std::fs::remove_file(path.join(&chain[2].evidence.path)).unwrap();
    site.run("DELETE FROM evidence WHERE id = (SELECT MAX(id) FROM evidence)").await;
    std::fs::remove_file(path.join(&chain[5].evidence.path)).unwrap();
    assert_eq!(findings(Some(&newest)).await[1..], [Finding::HashNotFound { hash: newest.clone() }], "besides the gap");
}

async fn an_export_holds_all_that_is_known(site: Site) {
    let (store, temporary) = (site.open().await, tempfile::tempdir().unwrap());
    let folder = temporary.path().join("evidence");
    let ids = three_rises(&store, &folder).await;
    let id = ids[1].as_str();
    let config = ConfigVersionRow {
        hash: "abc".to_owned(),
        text: "# 外滩\n".to_owned(),
        at: at(0.0),
        who: "root".to_owned(),
        why: "start".to_owned(),
    };
    store.record_config(&config).await.unwrap();
    let delivery = NewDelivery {
        sink: "hook".to_owned(),
        stream: id.to_owned(),
        key: "k".to_owned(),
        payload: r#"{"alert":"full"}"#.to_owned(),
        due: at(0.0),
    };
    let commit = AlertCommit {
        alerts: vec![alert(id, at(100.0))],
        transitions: vec![transition(id, at(100.0), "raised")],
        deliveries: vec![delivery],
        ..AlertCommit::default()
    };
    store.commit(&commit, at(0.0)).await.unwrap();
    let files = EvidenceFolder::open_existing(&folder).unwrap();
    let to = temporary.path().join("alert.zip");
    let exported = export(&store, &files, id, &to).await.unwrap();
    assert_eq!((exported.files, exported.findings), (2, Vec::new()));

    let contents = unzipped(&to);
    let alert: serde_json::Value = serde_json::from_slice(&contents["alert.json"]).unwrap();
    assert_eq!((&alert["alert"]["id"], &alert["transitions"][0]["quality"]), (&id.into(), &"at_least".into()));
    assert_eq!(alert["deliveries"][0]["payload"]["alert"], "full");
    assert_eq!(contents["config.toml"], config.text.as_bytes());
    let sums = String::from_utf8(contents["SHA256SUMS"].clone()).unwrap();
    assert_eq!(sums.lines().count(), 2);
    for line in sums.lines() {
        let (sum, name) = line.split_once("  ").unwrap();
        let found: String = Sha256::digest(&contents[name]).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(found, sum, "{name}");
    }
    let chain: serde_json::Value = serde_json::from_slice(&contents["chain.json"]).unwrap();
    let records = chain["records"].as_array().unwrap();
    assert_eq!((records.len(), &records[0]["hash"]), (2, &records[1]["previous"]));
    let readme = String::from_utf8(contents["README.txt"].clone()).unwrap();
    assert!(readme.contains("sha256sum -c SHA256SUMS") && !readme.contains("Not as it was"), "{readme}");

    let error = export(&store, &files, id, &to).await.unwrap_err().to_string();
    assert!(error.contains("alert.zip already"), "{error}");
    let nobody = export(&store, &files, "nobody", &temporary.path().join("b.zip")).await.unwrap_err().to_string();
    assert!(nobody.contains("no alert \"nobody\""), "{nobody}");
    let evidence = store.evidence(id).await.unwrap();
    std::fs::remove_file(folder.join(&evidence[0].evidence.path)).unwrap();
    let exported = export(&store, &files, id, &temporary.path().join("c.zip")).await.unwrap();
    assert_eq!((exported.files, exported.findings.len()), (1, 1));
    let readme = unzipped(&temporary.path().join("c.zip")).remove("README.txt").unwrap();
    assert!(String::from_utf8(readme).unwrap().contains("the file is missing"));
    let left: Vec<_> = std::fs::read_dir(temporary.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("partial")), "{left:?}");
}

fn unzipped(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    (0..archive.len())
        .map(|index| {
            let mut file = archive.by_index(index).unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            (file.name().unwrap().into_owned(), bytes)
        })
        .collect()
}

async fn old_evidence_goes_and_the_chain_still_holds(site: Site) {
    const DAY: f64 = 86_400.0;
    let (store, temporary) = (site.open().await, tempfile::tempdir().unwrap());
    let path = temporary.path();
    three_rises(&store, path).await;
    let folder = EvidenceFolder::open_existing(path).unwrap();
    assert_eq!(expire(&store, &folder, 90, at(89.0 * DAY)).await.unwrap(), Default::default());
    // A crash has left a file without a record.
    std::fs::write(path.join("left"), "").unwrap();
    let chain = store.evidence_chain(0, 100).await.unwrap();
    let expired = expire(&store, &folder, 90, at(90.0 * DAY + 150.0)).await.unwrap();
    assert_eq!(expired.records, 4);
    let done = verify(&store, &folder, None).await.unwrap();
    assert_eq!((done.records, done.begins_with), (2, Some(chain[4].id)));
    std::fs::write(path.join("left"), "").unwrap();
    let expired = expire(&store, &folder, 90, at(10_000.0 * DAY)).await.unwrap();
    assert_eq!((expired.records, expired.left_behind), (1, 1));
    let done = verify(&store, &folder, None).await.unwrap();
    assert_eq!((done.records, done.files, done.findings), (1, 1, Vec::new()), "the newest stays, with its file");
}

/// People of the sample video, found by the shipped detector.
#[test]
fn nobody_of_a_real_scene_can_be_recognised() {
    if !support::sample_is_here() {
        return;
    }
    let temporary = tempfile::tempdir().unwrap();
    support::cut_sample(&["-frames:v", "56", "-c", "copy"], &temporary.path().join("clip.avi"));
    // Where somebody wants to look at what comes out.
    let out =
        std::env::var_os("CROWDFLOW_TEST_EVIDENCE").map_or_else(|| temporary.path().join("evidence"), PathBuf::from);
    wait(async {
        let text = "[store]\n[evidence]\nfolder = \"evidence\"\nbefore_s = 2\nafter_s = 2\n\
             [cameras.gate]\nsource.file = { path = \"clip.avi\", fps = 7 }\n\
             zones.plaza.polygon = [[0, 0.2], [1, 0.2], [1, 1], [0, 1]]\n\
             [rules.full]\nzone = \"gate/plaza\"\nmeasure = \"occupancy\"\nlevels.red = { raise = 2, hold_s = 4 }\n";
        let plan = config::parse(text, temporary.path(), &|_| None).unwrap();
        let store = Store::open(&StoreAddress::file(temporary.path().join("store.db")), at(0.0)).await.unwrap();
        let mut recorder = Recorder::start(&plan, &out, &store);
        // Draws the same, and hides nobody.
        let open = Annotator::new(&plan.cameras[0], &plan.rules, &PrivacyPlan { blur_heads: false });
        let mut raised: Option<(AlertId, Picture, Vec<PixelBox>)> = None;
        let frames = analysed(&plan);
        for (report, picture, also_hide) in frames {
            let event = report.alerts.iter().find(|alert| alert.kind == AlertKind::Raised).cloned();
            let people: Vec<PixelBox> = report.tracks.iter().map(|track| track.bbox).collect();
            let mut original = picture.try_clone().unwrap();
            let scene = Scene { report: &report, levels: &[], also_hide: &[] };
            open.draw(&mut original, &scene).unwrap();
            recorder.seen(report, || picture, also_hide);
            if let Some(event) = event {
                raised = Some((recorder.raised(&event), original, people));
            }
        }
        let stats = recorder.inner.finish();
        assert_eq!(stats, EvidenceStats { rises: 1, written: 4, recorded: 4, drawn: stats.drawn, ..stats });
        assert_eq!((stats.failed, stats.dropped), (0, 0));
        let (id, original, people) = raised.expect("it rises");
        let folder = out.join(format!("1970-01-01/{id}"));
        let picture = Picture::read(&folder.join("1_picture_gate.jpg")).unwrap();
        assert_eq!(picture.size(), original.size());
        assert!(people.len() >= 2, "{people:?}");
        let mut legs = Vec::new();
        for PixelBox { left, top, right, bottom } in people {
            let height = bottom - top;
            let head = difference(&original, &picture, (left, top, right, top + 0.25 * height));
            assert!(head > 8.0, "at {left}, {top}: {head}");
            legs.push(difference(&original, &picture, (left, top + 0.6 * height, right, bottom)));
        }
        // Those before whose legs nobody's head is.
        assert!(legs.iter().any(|legs| *legs < 3.0), "{legs:?}");
        let frames = frames_of(&folder.join("1_clip_gate.mp4"));
        assert!((18..=21).contains(&frames.len()), "{}", frames.len());
        assert_eq!(frames[0].size(), FrameSize { width_px: 640, height_px: 480 });
    });
}

/// Each frame of the plan's camera, with its picture and who else is hidden.
fn analysed(plan: &Plan) -> Vec<(FrameReport, Picture, Vec<PixelBox>)> {
    use crowdflow::inference::{Manifest, Models, Runtime};
    let manifest = Manifest::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("models/manifest.toml")).unwrap();
    let models = Models::open(&Runtime::load(None).unwrap(), &manifest, &plan.inference).unwrap();
    let camera = &plan.cameras[0];
    let rules = crowdflow::rules::RuleEngine::of_camera(plan, &camera.id);
    let mut frames = Vec::new();
    crowdflow::pipeline::analyze_recording(
        camera,
        rules,
        &plan.inference,
        &models,
        true,
        |frame| {
            let also_hide = crowdflow::view::people_to_hide(frame.detections, frame.analysis.people_not_counted());
            frames.push((frame.report.clone(), frame.picture.expect("kept"), also_hide));
            Ok(())
        },
        |_| (),
    )
    .unwrap();
    frames
}
