//! The configuration that is in force, and how another takes its place while the service runs.
//!
//! A change is checked as a whole, written over the file in one move, put on record with who and why, and then the service
//! is started anew with it, within the process: alerts go on where they stood, cameras are connected to again. Where it
//! can't be started so, the configuration before comes back, and that is on record too.

use std::cell::LazyCell;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use super::findings::Findings;
use super::keeping::config_hash;
use crate::api::{ConfigInForce, ConfigRefusal, Configuration, Proposal, RefusedConfig, Tls};
use crate::config::{self, Fault, Plan};
use crate::model::Timestamp;
use crate::store::{ConfigVersionRow, Store};

/// A configuration that is to take the place of the present one.
#[derive(Debug)]
pub struct Change {
    /// What it says.
    pub plan: Plan,
}

/// Holds the configuration's file for the service.
#[derive(Debug)]
pub struct ConfigControl {
    path: PathBuf,
    now: Mutex<ConfigInForce>,
    changes: mpsc::Sender<Change>,
}

impl ConfigControl {
    /// Of the file that the service was started with, and what it said then. Changes come out of the receiver.
    #[must_use]
    pub fn new(path: &Path, text: &str, at: Timestamp) -> (Self, mpsc::Receiver<Change>) {
        let (changes, receiver) = mpsc::channel(1);
        // What is written over is the file itself and not a link to it.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let hash = config_hash(text);
        let now = ConfigInForce { text: text.to_owned(), hash, since: at, changing: false, refused: None };
        (Self { path, now: Mutex::new(now), changes }, receiver)
    }

    /// The service runs with this configuration now.
    pub fn taken(&self, text: &str, at: Timestamp) {
        let mut now = self.lock();
        *now =
            ConfigInForce { text: text.to_owned(), hash: config_hash(text), since: at, changing: false, refused: None };
    }

    /// The service could not be started with the new configuration: puts the one before back in the file, and says why.
    ///
    /// # Errors
    /// Where the file can't be written; the service runs with the one before all the same.
    pub fn put_back(&self, why: &str, at: Timestamp) -> io::Result<()> {
        let mut now = self.lock();
        let hash = fs::read_to_string(&self.path).map(|text| config_hash(&text)).unwrap_or_default();
        now.refused = Some(RefusedConfig { hash, at, why: why.to_owned() });
        now.changing = false;
        write_over(&self.path, &now.text)
    }

    fn lock(&self) -> MutexGuard<'_, ConfigInForce> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tries a text that is to follow `now`. What is so in that one already is no reason to refuse something else: thresholds
    /// have to be changed on a night on which somebody has moved a map's picture, too.
    fn checked(&self, text: &str, now: &str) -> Result<Plan, Vec<String>> {
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        let read = |text: &str| config::parse(text, folder, &|name| std::env::var(name).ok());
        // Reads its maps' pictures, with each key that somebody presses: only where there is something to hold against it.
        let before = LazyCell::new(|| read(now).ok());
        let (mut findings, plan) = Findings::and_plan(read(text));
        findings.faults.append(&mut findings.missing_secrets);
        if let Some(plan) = &plan {
            let is_known = |fault: &Fault| {
                let known = before.as_ref().map(Plan::unfit_pictures).unwrap_or_default();
                known.iter().any(|known| (&known.path, &known.found) == (&fault.path, &fault.found))
            };
            let pictures = plan.unfit_pictures();
            findings.faults.extend(pictures.iter().filter(|fault| !is_known(fault)).map(ToString::to_string));
            let tls = plan.server.tls.as_ref();
            if let Some(tls) =
                tls.filter(|tls| before.as_ref().and_then(|before| before.server.tls.as_ref()) != Some(tls))
                && let Err(error) = Tls::open(tls)
            {
                findings.faults.push(format!("server.tls: {error}"));
            }
        }
        plan.filter(|_| findings.faults.is_empty()).ok_or(findings.faults)
    }

    /// Takes the file from the one before to the proposed text; gives what is to be put in force.
    fn take(&self, proposal: &Proposal) -> Result<Change, ConfigRefusal> {
        let mut now = self.lock();
        if now.changing {
            return Err(ConfigRefusal::Changing);
        }
        if now.hash != proposal.base {
            return Err(ConfigRefusal::Base { found: proposal.base.clone(), expected: now.hash.clone() });
        }
        let on_disk = fs::read_to_string(&self.path);
        if on_disk.as_ref().map(|text| config_hash(text)).ok() != Some(now.hash.clone()) {
            return Err(ConfigRefusal::OnDisk(self.path.display().to_string()));
        }
        let plan = self.checked(&proposal.text, &now.text).map_err(ConfigRefusal::Faults)?;
        if config_hash(&proposal.text) == now.hash {
            return Err(ConfigRefusal::Same);
        }
        write_over(&self.path, &proposal.text)
            .map_err(|error| ConfigRefusal::Write(format!("{}: {error}", self.path.display())))?;
        now.changing = true;
        Ok(Change { plan })
    }

    fn give_up(&self) {
        let mut now = self.lock();
        now.changing = false;
        if let Err(error) = write_over(&self.path, &now.text) {
            tracing::error!(path = %self.path.display(), %error, "the configuration could not be put back");
        }
    }
}

impl Configuration for ConfigControl {
    fn in_force(&self) -> ConfigInForce {
        self.lock().clone()
    }

    fn plan(&self, text: &str) -> Result<Plan, Vec<String>> {
        let now = self.lock().text.clone();
        self.checked(text, &now)
    }

    fn apply<'a>(&'a self, store: &'a Store, proposal: Proposal) -> BoxFuture<'a, Result<String, ConfigRefusal>> {
        Box::pin(async move {
            let change = self.take(&proposal)?;
            let hash = config_hash(&proposal.text);
            let Proposal { text, who, why, at, .. } = proposal;
            let version = ConfigVersionRow { hash: hash.clone(), text, at, who, why };
            if let Err(error) = store.record_config(&version).await {
                self.give_up();
                return Err(ConfigRefusal::Write(error.to_string()));
            }
            if self.changes.try_send(change).is_err() {
                self.give_up();
                return Err(ConfigRefusal::Changing);
            }
            Ok(hash)
        })
    }
}

/// Writes a file's new content in one move: whenever the power fails, the one or the other is there whole.
fn write_over(path: &Path, text: &str) -> io::Result<()> {
    let mut incomplete = path.as_os_str().to_owned();
    incomplete.push(".incomplete");
    let incomplete = PathBuf::from(incomplete);
    let mut file = File::create(&incomplete)?;
    if let Ok(before) = fs::metadata(path) {
        file.set_permissions(before.permissions())?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&incomplete, path)?;
    // The move itself lasts once the folder is on the disk.
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreAddress;

    const TEXT: &str = "# by hand\n[cameras.gate]\nsource.file = { path = \"a\", fps = 1 }\n";

    fn proposal(base: &str, text: &str) -> Proposal {
        let (base, text) = (base.to_owned(), text.to_owned());
        Proposal { base, text, who: "Li".to_owned(), why: "a new zone".to_owned(), at: Timestamp(5_000_000) }
    }

    #[tokio::test]
    async fn a_change_is_taken_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.toml");
        fs::write(&path, TEXT).unwrap();
        let store = Store::open(&StoreAddress::file(folder.path().join("store.db")), Timestamp(0)).await.unwrap();
        let (control, mut changes) = ConfigControl::new(&path, TEXT, Timestamp(0));
        let base = control.in_force().hash;
        let on_disk = || fs::read_to_string(&path).unwrap();

        let faulty = format!("{TEXT}analysis_fps = \"many\"\n");
        let refused = control.apply(&store, proposal(&base, &faulty)).await.unwrap_err();
        assert!(matches!(&refused, ConfigRefusal::Faults(faults) if faults.len() == 1), "{refused:?}");
        let refused = control.apply(&store, proposal("else", TEXT)).await.unwrap_err();
        assert!(matches!(refused, ConfigRefusal::Base { .. }), "{refused:?}");
        assert_eq!(control.apply(&store, proposal(&base, TEXT)).await.unwrap_err(), ConfigRefusal::Same);
        assert_eq!((on_disk().as_str(), changes.try_recv().is_err()), (TEXT, true));

        let better = format!("{TEXT}name = \"Gate\"\n");
        let hash = control.apply(&store, proposal(&base, &better)).await.unwrap();
        assert_eq!(on_disk(), better);
        let change = changes.try_recv().unwrap();
        assert_eq!(change.plan.cameras[0].name, "Gate");
        assert_eq!(control.apply(&store, proposal(&base, &better)).await.unwrap_err(), ConfigRefusal::Changing);
        control.taken(&better, Timestamp(6_000_000));
        assert_eq!(control.in_force().hash, hash);
        let recorded = store.config_versions(5).await.unwrap();
        assert_eq!((recorded[0].who.as_str(), recorded[0].why.as_str()), ("Li", "a new zone"));

        // One that the service can't be started with.
        control.apply(&store, proposal(&hash, &format!("{better}mobile = true\n"))).await.unwrap();
        control.put_back("the port is taken", Timestamp(7_000_000)).unwrap();
        let now = control.in_force();
        assert_eq!((now.hash.as_str(), now.refused.unwrap().why.as_str()), (hash.as_str(), "the port is taken"));
        assert_eq!(on_disk(), better);

        // Somebody has changed the file beside us.
        fs::write(&path, TEXT).unwrap();
        let refused = control.apply(&store, proposal(&hash, &faulty)).await.unwrap_err();
        assert!(matches!(refused, ConfigRefusal::OnDisk(_)), "{refused:?}");
        assert_eq!(on_disk(), TEXT, "what they wrote is not written over");
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(left.iter().all(|name| !name.to_string_lossy().contains("incomplete")), "{left:?}");
    }
}
