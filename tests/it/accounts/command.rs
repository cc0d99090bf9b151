//! `crowdflow user`.

use std::io::Write as _;
use std::process::Stdio;

use crowdflow::model::Timestamp;
use crowdflow::store::{Store, StoreAddress};

use crate::support::Site;

/// Exit code, standard output and standard error of a command that is told this.
fn told(site: &Site, args: &[&str], input: &str) -> (i32, String, String) {
    let mut command = site.command(args);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    // A command that reads nothing may have ended.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn users_are_looked_after_from_the_command_line() {
    let site = Site::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let address = StoreAddress::file(site.path("store.db"));
    runtime.block_on(async { Store::open(&address, Timestamp(0)).await.unwrap().close().await });
    let run = |args: &[&str], input: &str| {
        let args: Vec<&str> = [&["user", args[0], "store.db"], &args[1..]].concat();
        told(&site, &args, input)
    };
    assert_eq!(run(&["list"], "").1, "no users\n");
    let (code, out, _) = run(&["add", "chief", "--role", "admin"], "correct horse\n");
    assert_eq!((code, out.as_str()), (0, "chief: added, admin\n"));
    let (code, ..) =
        run(&["add", "李警官", "--role", "operator", "--site", "bund", "--unit", "north"], "correct horse\r\n");
    assert_eq!(code, 0);
    assert_eq!(run(&["list"], "").1, "chief: admin, everything\n李警官: operator, site bund, unit north\n");
    let refused = |args: &[&str], input: &str, said: &str| {
        let (code, _, error) = run(args, input);
        assert!(code == 64 && error.contains(said), "{args:?}: {code} {error}");
    };
    refused(&["add", "chief", "--role", "viewer"], "correct horse\n", "there is a user \"chief\" already");
    refused(&["add", "wang", "--role", "viewer"], "short\n", "5 characters, expected 10");
    refused(&["add", "wang", "--role", "viewer"], "", "0 characters");
    refused(&["add", " wang", "--role", "viewer"], "correct horse\n", "without spaces around it");
    refused(
        &["add", "wang", "--role", "admin", "--site", "bund"],
        "correct horse\n",
        "an admin has to do with everything",
    );
    refused(&["disable", "chief"], "", "\"chief\" is the last admin");
    refused(&["disable", "nobody"], "", "there is no user \"nobody\"");
    refused(&["password", "nobody"], "correct horse\n", "there is no user \"nobody\"");
    assert_eq!(run(&["password", "李警官"], "another horse\n").1, "李警官: a new password\n");
    assert_eq!(run(&["disable", "李警官"], "").1, "李警官: disabled\n");
    assert!(run(&["list"], "").1.contains("李警官: operator, site bund, unit north, disabled\n"));
    let listed: serde_json::Value = serde_json::from_str(&run(&["list", "--json"], "").1).unwrap();
    assert_eq!((&listed[1]["disabled"], &listed[0]["scope"]), (&true.into(), &"all".into()));
    assert!(!listed.to_string().contains("argon2"));
    assert_eq!(run(&["enable", "李警官"], "").0, 0);
    runtime.block_on(async {
        let store = Store::open_existing(&address).await.unwrap();
        let user = store.user("李警官").await.unwrap().unwrap();
        assert!(user.password_hash.starts_with("$argon2id$") && !user.disabled);
        let audit = store.audit(Timestamp(0), Timestamp(i64::MAX), 100).await.unwrap();
        let kinds: Vec<&str> = audit.iter().rev().map(|row| row.kind.as_str()).collect();
        assert_eq!(kinds, ["user_added", "user_added", "user_changed", "user_changed", "user_changed"]);
        assert!(audit.iter().all(|row| row.who.starts_with("the command line (")), "{audit:?}");
    });
}
