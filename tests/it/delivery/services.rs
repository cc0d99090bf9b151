//! A real MQTT broker, Alertmanager and mail server, each killed and started again in the middle.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use crowdflow::model::{Level, NoticeKind};
use crowdflow::sink::delivery::{Clock as _, FailureKind, SystemClock};
use crowdflow::store::{AlertCommit, AlertRow, PlaceKey, Store};
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::mpsc;

use super::target::closed;
use super::{FastClock, Worker, at, destination, open_store, payload, raised, row, send, sender_of, wait};

pub const MOSQUITTO: &str = "/usr/sbin/mosquitto";
const ALERTMANAGER: &str = "/usr/bin/prometheus-alertmanager";
/// Debian's python: only it has `aiosmtpd`.
const PYTHON: &str = "/usr/bin/python3";

/// A program that is killed when dropped; its lines can be read.
pub struct Service {
    process: Child,
    lines: mpsc::UnboundedReceiver<String>,
}

impl Service {
    fn start(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let (tell, lines) = mpsc::unbounded_channel();
        let (stdout, stderr) = (process.stdout.take().unwrap(), process.stderr.take().unwrap());
        for lines in [Box::new(stdout) as Box<dyn std::io::Read + Send>, Box::new(stderr)] {
            let tell = tell.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(lines).lines().map_while(Result::ok) {
                    let _ = tell.send(line);
                }
            });
        }
        Self { process, lines }
    }

    async fn line_with(&mut self, part: &str) -> String {
        let mut before = Vec::new();
        while let Some(line) = self.lines.recv().await {
            if line.contains(part) {
                return line;
            }
            before.push(line);
        }
        panic!("it ended without saying {part:?}: {before:#?}");
    }

    pub fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Already dead is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub fn is_installed(program: &str) -> bool {
    let found = Path::new(program).exists();
    if !found {
        eprintln!("skipped: {program} is not installed (scripts/setup.sh --test)");
    }
    found
}

pub async fn mosquitto(folder: &Path, port: u16) -> Service {
    let file = folder.join("mosquitto.conf");
    std::fs::write(&file, format!("listener {port} 127.0.0.1\nallow_anonymous true\nlog_dest stderr\n")).unwrap();
    let mut service = Service::start(Command::new(MOSQUITTO).arg("-c").arg(&file));
    service.line_with("running").await;
    service
}

/// What a broker publishes below `crowd/`, as topic and text.
async fn subscriber(port: u16, id: &str) -> mpsc::UnboundedReceiver<(String, String)> {
    let (client, mut events) = AsyncClient::new(MqttOptions::new(id, "127.0.0.1", port), 10);
    client.subscribe("crowd/#", QoS::AtLeastOnce).await.unwrap();
    let (tell, messages) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let _client = client;
        while let Ok(event) = events.poll().await {
            if let Event::Incoming(Packet::Publish(publish)) = event {
                let text = String::from_utf8(publish.payload.to_vec()).unwrap();
                if tell.send((publish.topic, text)).is_err() {
                    return;
                }
            }
        }
    });
    messages
}

/// Reads until a message on this topic; of an alert, its entry.
async fn next_on(messages: &mut mpsc::UnboundedReceiver<(String, String)>, topic: &str) -> String {
    loop {
        let (on, text) = messages.recv().await.expect("a message");
        if on == topic {
            return match serde_json::from_str::<serde_json::Value>(&text) {
                Ok(body) => body["entry"].to_string(),
                Err(_) => text,
            };
        }
    }
}

#[test]
fn a_broker_that_is_killed_and_loses_all_is_told_again() {
    if !is_installed(MOSQUITTO) {
        return;
    }
    wait(async {
        let folder = tempfile::tempdir().unwrap();
        let port = closed().port();
        let broker = mosquitto(folder.path(), port).await;
        let (store, _folder) = open_store().await;
        let plan = destination(&format!("mqtt = {{ url = \"mqtt://127.0.0.1:{port}\", topic = \"crowd\" }}"));
        let mut worker = Worker::start(&store, &plan, sender_of(&plan), FastClock::start());
        let mut seen = subscriber(port, "before").await;
        assert_eq!(next_on(&mut seen, "crowd/status").await, "online");
        let lowered = payload("a", 2, NoticeKind::Lowered, Some(Level::Yellow), Some(Level::Orange));
        let cleared = payload("a", 3, NoticeKind::Cleared, None, Some(Level::Yellow));
        store.add_deliveries(&[row(&raised("a", 1), at(0.0)), row(&raised("b", 1), at(0.0))], at(0.0)).await.unwrap();
        worker.deliveries.wake();
        worker.delivered(2).await;
        assert_eq!(next_on(&mut seen, "crowd/alerts/a").await, "1");

        broker.kill();
        store.add_deliveries(&[row(&lowered, at(0.0)), row(&cleared, at(0.0))], at(0.0)).await.unwrap();
        worker.deliveries.wake();
        assert!(worker.failed().await.contains("connection"));
        let _broker = mosquitto(folder.path(), port).await;
        let delivered = worker.delivered(2).await;
        assert_eq!(delivered, [lowered.key, cleared.key], "in order");
        // The broker kept nothing: all that is still so was said again.
        let mut seen = subscriber(port, "after").await;
        let mut kept = Vec::new();
        for _ in 0..3 {
            kept.push(seen.recv().await.unwrap().0);
        }
        kept.sort();
        assert_eq!(kept, ["crowd/alerts/a", "crowd/alerts/b", "crowd/status"]);
        assert!(worker.deliveries.stop(Duration::from_secs(5)).await);
        assert_eq!(next_on(&mut seen, "crowd/status").await, "offline");

        // Without a word of farewell, the last will says it.
        let sender = sender_of(&plan);
        send(&*sender, &raised("c", 1), at(0.0)).await.unwrap();
        assert_eq!(next_on(&mut seen, "crowd/status").await, "online");
        drop(sender);
        assert_eq!(next_on(&mut seen, "crowd/status").await, "offline");
    });
}

async fn alertmanager(folder: &Path, address: &str) -> (Service, String) {
    let file = folder.join("alertmanager.yml");
    std::fs::write(&file, "route:\n  receiver: nobody\nreceivers:\n  - name: nobody\n").unwrap();
    let mut service = Service::start(
        Command::new(ALERTMANAGER)
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--cluster.listen-address="),
    );
    service.line_with("Listening on").await;
    (service, address.to_owned())
}

/// Rule, severity and begin of the alerts that are on there.
async fn alerts_there(address: &str) -> Vec<(String, String, String)> {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /api/v2/alerts HTTP/1.0\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let alerts: serde_json::Value = serde_json::from_str(body).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let facts = |alert: &serde_json::Value| {
        (text(&alert["labels"]["rule"]), text(&alert["labels"]["severity"]), text(&alert["startsAt"]))
    };
    let mut alerts: Vec<_> = alerts.as_array().unwrap().iter().map(facts).collect();
    alerts.sort();
    alerts
}

async fn keep_open(store: &Store, rule: &str) {
    let message = raised(rule, 1);
    let alert = AlertRow {
        id: message.alert,
        rule: rule.to_owned(),
        name: rule.to_owned(),
        place: PlaceKey::within("zone", "gate", "plaza"),
        measure: "density".to_owned(),
        source: String::new(),
        config: None,
        drill: false,
        state: "firing".to_owned(),
        level: Some(Level::Orange),
        highest: Some(Level::Orange),
        stale: false,
        since: at(0.0),
        changed: at(0.0),
        closed: None,
        acknowledged: None,
        shelved: None,
    };
    store.commit(&AlertCommit { alerts: vec![alert], ..AlertCommit::default() }, at(0.0)).await.unwrap();
}

#[test]
fn an_alertmanager_that_is_killed_knows_what_is_on_again() {
    if !is_installed(ALERTMANAGER) {
        return;
    }
    wait(async {
        let folder = tempfile::tempdir().unwrap();
        let (server, address) = alertmanager(folder.path(), &closed().to_string()).await;
        let (store, _folder) = open_store().await;
        let plan = destination(&format!("alertmanager.url = \"http://{address}\""));
        let sender = sender_of(&plan);
        let clock = FastClock::start();
        let mut worker = Worker::start(&store, &plan, Arc::clone(&sender), clock.clone());
        let since = at(0.0).to_rfc3339();
        let raised_to =
            |rule: &str, entry, level, before| payload(rule, entry, NoticeKind::Raised, Some(level), before);
        let yellow = raised_to("a", 1, Level::Yellow, None);
        let orange = raised_to("a", 2, Level::Orange, Some(Level::Yellow));
        let rows = [row(&yellow, at(0.0)), row(&orange, at(0.0)), row(&raised("b", 1), at(0.0))];
        store.add_deliveries(&rows, at(0.0)).await.unwrap();
        worker.deliveries.wake();
        worker.delivered(3).await;
        let on = |alerts: Vec<(String, String, String)>| -> Vec<String> {
            alerts.into_iter().map(|(rule, severity, _)| format!("{rule} {severity}")).collect()
        };
        assert_eq!(on(alerts_there(&address).await), ["a orange", "b orange"], "the yellow one is over");

        server.kill();
        let lowered = payload("a", 3, NoticeKind::Lowered, Some(Level::Blue), Some(Level::Orange));
        store.add_deliveries(&[row(&lowered, at(0.0))], at(0.0)).await.unwrap();
        worker.deliveries.wake();
        assert!(worker.failed().await.contains("connection"));
        let (_server, _) = alertmanager(folder.path(), &address).await;
        assert_eq!(worker.delivered(1).await, [lowered.key]);
        // It had forgotten the other one, which is said again by itself.
        sender.keep(clock.now()).await.unwrap();
        assert_eq!(on(alerts_there(&address).await), ["a blue", "b orange"]);

        // So it is after a restart of this program.
        keep_open(&store, "b").await;
        worker.deliveries.stop(Duration::from_secs(5)).await;
        let sender = sender_of(&plan);
        let mut worker = Worker::start(&store, &plan, Arc::clone(&sender), clock.clone());
        let cleared = payload("a", 4, NoticeKind::Cleared, None, Some(Level::Blue));
        store.add_deliveries(&[row(&cleared, at(0.0))], at(0.0)).await.unwrap();
        worker.deliveries.wake();
        worker.delivered(1).await;
        sender.keep(clock.now()).await.unwrap();
        let there = alerts_there(&address).await;
        assert_eq!(on(there.clone()), ["b orange"]);
        let begin = crowdflow::model::Timestamp::from_rfc3339(&there[0].2);
        assert!(begin >= crowdflow::model::Timestamp::from_rfc3339(&since), "{there:?}");
    });
}

async fn mail_server(port: u16) -> Service {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/smtp_server.py");
    let mut service = Service::start(Command::new(PYTHON).arg(script).arg(port.to_string()));
    service.line_with("listening").await;
    service
}

async fn mail(server: &mut Service) -> serde_json::Value {
    serde_json::from_str(&server.line_with("\"subject\"").await).unwrap()
}

fn mail_server_is_installed() -> bool {
    let found = Command::new(PYTHON).args(["-c", "import aiosmtpd"]).status().is_ok_and(|status| status.success());
    if !found {
        eprintln!("skipped: aiosmtpd is not installed (scripts/setup.sh --test)");
    }
    found
}

#[test]
fn a_mail_server_that_is_killed_gets_every_mail_in_order() {
    if !mail_server_is_installed() {
        return;
    }
    wait(async {
        let port = closed().port();
        let mut server = mail_server(port).await;
        let (store, _folder) = open_store().await;
        let table = |to: &str| {
            let server = format!("server = \"127.0.0.1:{port}\", tls = \"none\"");
            destination(&format!("language = \"zh\"\nemail = {{ {server}, from = \"cf@example.org\", to = [{to}] }}"))
        };
        let plan = table("\"duty@example.org\"");
        let mut worker = Worker::start(&store, &plan, sender_of(&plan), FastClock::start());
        let messages = [1, 2, 3].map(|entry| raised("a", entry));
        store.add_deliveries(&[row(&messages[0], at(0.0))], at(0.0)).await.unwrap();
        worker.deliveries.wake();
        let first = mail(&mut server).await;
        assert_eq!(first["subject"], "【橙色预警】发布：plaza");
        assert_eq!(first["id"], format!("<{}@example.org>", messages[0].key));
        assert!(first["text"].as_str().unwrap().contains("密度 至少 2.25 人/m²，阈值 2"), "{first}");
        worker.delivered(1).await;

        server.kill();
        store.add_deliveries(&[row(&messages[1], at(0.0)), row(&messages[2], at(0.0))], at(0.0)).await.unwrap();
        worker.deliveries.wake();
        worker.failed().await;
        let mut server = mail_server(port).await;
        for message in &messages[1..] {
            let taken = mail(&mut server).await;
            assert_eq!(taken["id"], format!("<{}@example.org>", message.key));
            assert_eq!(taken["references"], first["references"], "one thread");
        }
        worker.delivered(2).await;

        // One mail box that is gone keeps nothing from the others; none at all is final; a busy one is not.
        let now = SystemClock.now();
        let sender = sender_of(&table("\"gone@example.org\", \"duty@example.org\""));
        send(&*sender, &raised("b", 1), now).await.unwrap();
        assert_eq!(mail(&mut server).await["to"], serde_json::json!(["duty@example.org"]));
        let refused =
            send(&*sender_of(&table("\"gone@example.org\"")), &raised("b", 1), now).await.expect_err("refused");
        assert_eq!(
            (refused.kind, refused.message.starts_with("answered 550")),
            (FailureKind::Refused, true),
            "{refused}"
        );
        let busy = send(&*sender_of(&table("\"busy@example.org\"")), &raised("b", 1), now).await.expect_err("busy");
        assert_eq!(busy.kind, FailureKind::Retry, "{busy}");
    });
}
