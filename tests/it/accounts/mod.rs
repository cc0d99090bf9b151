//! Who may use the service: logins, sessions, tokens, and a test of every route by every role.

mod command;
mod first_start;
mod matrix;
mod pages;
mod scope;
mod sign_in;

use std::path::Path;
use std::sync::atomic::Ordering;

use crowdflow::config::{self, EvidencePlan, Plan};
use crowdflow::model::{AccessScope, AlertEvent, AlertKind, Level, Measure, Reading, Role, RuleId, SiteId, Timestamp};
use crowdflow::rules::AlertBook;
use crowdflow::status::AlertStatus;
use crowdflow::store::{
    AlertRow, AuditRow, NewApiToken, NewEvidence, NewSession, PlaceKey, Store, StoreAddress, UserRow,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::made_up_service::{Answer, NOW, Service, evidence_in, plan_text};

/// The two sites: `square` is what camera `gate` sees, `river` what `quay` sees.
const SITES: &str = concat!(
    r#"
[sites.square]
zones = ["gate/plaza", "gate/road"]
unit = "north"
[sites.river]
zones = ["quay/edge"]
unit = "south"
[sources.campus]
http.token_env = "CAMPUS_TOKEN"
zones.hall.name = "Hall"
[units.city]
name = "City"
[units.north]
name = "North"
parent = "city"
[units.south]
name = "South"
parent = "city"
[maps.town]
name = "Town"
picture = "no_such.png"
width_m = 200
zones."gate/plaza" = [[0.1, 0.1], [0.4, 0.1], [0.4, 0.5]]
zones."quay/edge" = [[0.6, 0.1], [0.9, 0.1], [0.9, 0.5]]
lines."gate/door" = [[0.1, 0.5], [0.4, 0.5]]
cameras.gate = [0.2, 0.9]
cameras.quay = [0.8, 0.9]
[maps.square]
zones."gate/plaza" = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]]
picture = ""#,
    env!("CARGO_MANIFEST_DIR"),
    "/config/demo_map.png\"\n"
);

/// A service whose users have accounts, in a store of its own.
struct Guarded {
    service: Service,
    store: Store,
    _folder: tempfile::TempDir,
}

/// A password, and its hash with parameters that cost nothing.
const PASSWORD: &str = "correct horse";

fn cheap_hash(password: &str) -> String {
    use argon2::password_hash::phc::PasswordHash;
    use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version};
    let cheap = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).unwrap());
    let hash: PasswordHash = cheap.hash_password(password.as_bytes()).unwrap();
    hash.to_string()
}

fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn deed(number: i64) -> AuditRow {
    let text = String::new;
    AuditRow {
        at: Timestamp(number),
        who: text(),
        kind: "made_by_the_test".to_owned(),
        subject: text(),
        detail: text(),
    }
}

fn only(site: &str) -> AccessScope {
    AccessScope::Only { sites: [SiteId::new(site).unwrap()].into(), units: [].into() }
}

impl Guarded {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut plan = config::parse(&format!("{}{SITES}", plan_text()), Path::new("/site"), &|_| {
            Some("the machine's own token".to_owned())
        })
        .unwrap();
        plan.evidence = Some(evidence_in(folder.path()));
        let service = Service::of_opened(plan.clone(), &StoreAddress::file(folder.path().join("store.db")));
        let store = service.store.clone().unwrap();
        service.fill();
        let guarded = Self { service, store, _folder: folder };
        guarded.open_alerts(&plan);
        guarded.keep_evidence(plan.evidence.as_ref().unwrap());
        guarded
    }

    /// One open alert of each site, on the board and in the store.
    fn open_alerts(&self, plan: &Plan) {
        let alert = |rule: &str, camera: &str, zone: &str| AlertRow {
            id: format!("{rule}.1"),
            rule: rule.to_owned(),
            name: rule.to_owned(),
            place: PlaceKey::within("zone", camera, zone),
            measure: "density".to_owned(),
            source: String::new(),
            config: None,
            drill: false,
            state: "firing".to_owned(),
            level: None,
            highest: None,
            stale: false,
            since: NOW,
            changed: NOW,
            closed: None,
            acknowledged: None,
            shelved: None,
        };
        let alerts = vec![alert("plaza_dense", "gate", "plaza"), alert("quay_full", "quay", "edge")];
        let mut book = AlertBook::new(plan.response.clone(), plan.sites_of_rules());
        let open = |alert: &AlertRow| {
            let event = AlertEvent {
                at: NOW,
                rule: RuleId::new(&alert.rule).unwrap(),
                name: alert.name.clone(),
                place: alert.place.place().unwrap(),
                measure: Measure::Occupancy,
                kind: AlertKind::Raised,
                from: None,
                to: Some(Level::Yellow),
                reading: Reading::Valid(50.0),
                threshold: Some(40.0),
                source: String::new(),
                since: Timestamp(1),
            };
            book.observe(&event);
            AlertStatus { alert: book.alert_of(&event.rule).unwrap().clone(), last: Some(event) }
        };
        self.service.board.open_alerts(alerts.iter().map(open).collect(), &Default::default());
        let commit = crowdflow::store::AlertCommit { alerts, ..Default::default() };
        self.service.wait(self.store.commit(&commit, NOW)).unwrap();
    }

    /// A picture of the site `square`, the first on record.
    fn keep_evidence(&self, plan: &EvidencePlan) {
        std::fs::create_dir_all(plan.folder.join("plaza_dense.1")).unwrap();
        let evidence = NewEvidence {
            alert: "plaza_dense.1".to_owned(),
            at: NOW,
            kind: "picture".to_owned(),
            path: "plaza_dense.1/1_picture_gate.jpg".to_owned(),
            sha256: sha256("picture"),
        };
        std::fs::write(plan.folder.join(&evidence.path), "picture").unwrap();
        assert_eq!(self.service.wait(self.store.record_evidence(&evidence)).unwrap().id, 1);
    }

    fn add_user(&self, name: &str, role: Role, scope: AccessScope) {
        let user = UserRow {
            name: name.to_owned(),
            password_hash: cheap_hash(PASSWORD),
            role,
            scope,
            disabled: false,
            created: NOW,
        };
        assert!(self.service.wait(self.store.add_user(&user, &deed(0))).unwrap(), "{name}");
    }

    /// A session as a login makes it, without the time that it takes.
    fn add_session(&self, user: &str, token: &str) -> i64 {
        let new = NewSession {
            token_sha256: sha256(token),
            user: user.to_owned(),
            created: self.now(),
            expires: self.now().plus_seconds(14.0 * 3600.0),
            address: "192.0.2.7".to_owned(),
            user_agent: "test".to_owned(),
        };
        self.service.wait(self.store.add_session(&new, &deed(1))).unwrap()
    }

    fn add_token(&self, user: &str, token: &str, role: Role, scope: AccessScope) -> i64 {
        let new = NewApiToken {
            token_sha256: sha256(token),
            user: user.to_owned(),
            name: token.to_owned(),
            role,
            scope,
            created: self.now(),
            expires: self.now().plus_seconds(86_400.0),
        };
        self.service.wait(self.store.add_api_token(&new, &deed(2))).unwrap().unwrap()
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.service.clock.load(Ordering::SeqCst))
    }

    fn later(&self, seconds: f64) {
        self.service.clock.store(self.now().plus_seconds(seconds).0, Ordering::SeqCst);
    }

    /// The cookie's line and the token against forged requests of a session.
    fn session(&self, token: &str) -> (String, String) {
        let cookie = cookie(token);
        let who = self.service.call("GET", "/api/v1/session", &cookie, None).json();
        (cookie, format!("X-CSRF-Token: {}\r\n", who["csrf"].as_str().unwrap()))
    }

    fn sign_in(&self, name: &str, password: &str) -> Answer {
        let body = json!({ "name": name, "password": password });
        self.service.call("POST", "/api/v1/session", "", Some(&body))
    }

    fn audit(&self) -> Vec<AuditRow> {
        self.service.wait(self.store.audit(Timestamp(10), Timestamp(i64::MAX), 1000)).unwrap()
    }
}

fn cookie(token: &str) -> String {
    format!("Cookie: other=1; crowdflow_session={token}\r\n")
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

fn code(answer: &Answer) -> (u16, String) {
    let error: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    (answer.status, error["error"]["code"].as_str().unwrap_or_default().to_owned())
}
