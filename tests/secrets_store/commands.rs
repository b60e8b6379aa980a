//! Each subcommand does what its help says, and refuses what it should.

use crate::common::{feed, have};
use crate::lab::{Lab, another, secret};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

#[test]
fn init_makes_an_identity_for_one_and_a_store_for_all() {
    let lab = Lab::bare();
    let told = lab.run(&["init"]).code(0).says("new, readable by you alone").says("next   blackstart secrets add");
    assert!(!told.all().contains("AGE-SECRET-KEY"), "{told:?}");
    let mode = std::fs::metadata(lab.identity()).unwrap().permissions().mode() & 0o7777;
    let folder = std::fs::metadata(lab.identity().parent().unwrap()).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode, folder), (0o600, 0o700));
    let names: Vec<String> = lab.files().into_keys().collect();
    assert_eq!(names, ["digest-key.age", "recipients.lock", "recipients.txt"]);
    lab.run(&["init"]).code(3).says("is a store already");
    lab.run(&["init", "--store", "other"]).code(0).says("was there and is used as it is");
    lab.run(&["check"]).code(0).says("all is well: 0 files");
    lab.run(&["init", "--store", "third", "--identity", "inside.txt"]).code(3).says("must not lie in a git work tree");
    assert!(!lab.path("inside.txt").exists() && !lab.path("third").exists());
}

#[test]
fn what_is_added_is_read_back_by_name_without_an_identity() {
    let lab = Lab::filled();
    lab.add("edge/tunnel", "token", "canary-2\n").says("token is replaced");
    lab.add("edge/tunnel", "token", "canary-2").says("token has that value already");
    lab.add("edge/tunnel", "other", "two\nlines\n").says("other is new");
    lab.feed(&["add", "apps/two", "a", "b"], "b=x=y\na=z\n").code(0);
    lab.write("tls.key", "\u{0}bin");
    let args =
        ["add", "edge/tls", "--type", "kubernetes.io/tls", "--from-file", "tls.key=tls.key", "--file", "tls.yaml.age"];
    lab.run(&args).code(0).says("secrets/tls.yaml.age: Secret edge/tls is new");
    std::fs::remove_file(lab.path("tls.key")).unwrap();
    assert_eq!(lab.list()["stale"], serde_json::json!([]));
    std::fs::rename(lab.identity(), lab.home().join("away")).unwrap();
    let told = lab.run(&["list"]).code(0).says("edge/tls   kubernetes.io/tls").says("4 files, 4 Secrets, 6 keys");
    let told = told.never_says("canary").never_says("x=y");
    assert_eq!(told.err, "");
    lab.run(&["check"]).code(3).says("identity cannot be read").says("blackstart secrets init");
    std::fs::rename(lab.home().join("away"), lab.identity()).unwrap();
    let text = lab.open("edge/tunnel");
    assert!(text.contains("token: \"canary-2\"\n") && text.contains("other: |\n    two\n    lines\n"), "{text}");
    let two = lab.open("secrets/apps-two.yaml.age");
    assert!(two.contains("a: \"z\"\n") && two.contains("b: \"x=y\"\n"), "{two}");
    lab.run(&["check"]).code(0);
}

#[test]
fn add_refuses_what_would_be_seen_or_lost() {
    let lab = Lab::filled();
    let before = lab.files();
    for (words, input, code, says) in [
        (&["add", "edge/tunnel", "token=canary-9"][..], "", 2, "never taken from the command line"),
        (&["add", "edge/tunnel"], "", 2, "no key is named"),
        (&["add", "tunnel", "token"], "x", 2, "its namespace and its name"),
        (&["add", "edge/tunnel", "token"], "", 2, "has no value"),
        (&["add", "edge/tunnel", "to ken"], "x", 2, "has letters, digits"),
        (&["add", "edge/tunnel", "a", "a"], "a=canary-9", 2, "is named twice"),
        (&["add", "edge/tunnel", "a", "b"], "canary-9\n", 2, "stdin:1: is no KEY=VALUE"),
        (&["add", "edge/tunnel", "a", "b"], "c=canary-9\n", 2, "stdin:1: begins with none"),
        (&["add", "edge/tunnel", "a", "b"], "a=canary-9\n", 2, "stdin has no line b=VALUE"),
        (&["add", "edge/tunnel", "a", "--file", "x.yaml.age"], "canary-9", 3, "stands in secrets/edge-tunnel.yaml.age"),
        (&["add", "edge/new", "a", "--file", "x.txt"], "canary-9", 2, "ends in .yaml.age"),
        (&["add", "edge/tunnel", "a", "--type", "kubernetes.io/tls"], "canary-9", 3, "is of type Opaque"),
        (&["add", "edge/tunnel", "a", "--store", "none"], "canary-9", 2, "there is no store"),
    ] {
        lab.feed(words, input).code(code).says(says).never_says("canary-9");
        assert!(lab.files() == before, "{words:?}");
    }
}

#[test]
fn edit_stores_what_can_be_read_and_leaves_no_plaintext() {
    let lab = Lab::filled();
    lab.edit("edge/tunnel", "sed -i s/canary-4711/canary-8/").code(0).says("changed");
    assert!(lab.open("edge/tunnel").contains("canary-8"));
    let before = lab.files();
    lab.edit("edge/tunnel", "true").code(0).says("unchanged");
    let told = lab.edit("secrets/edge-tunnel.yaml.age", "sed -i 's/^stringData:/stringData: [/'").code(3);
    told.says("secrets/edge-tunnel.yaml.age:").says("the store is as it was").never_says("canary-8");
    lab.edit("edge/tunnel", "sed -i s/Secret/ConfigMap/").code(3).says("only Secrets belong into the store");
    lab.edit("edge/tunnel", "sed -i 's/name: tunnel/name: db/; s/edge/apps/'")
        .code(3)
        .says("stands in apps-db.yaml.age too");
    lab.edit("edge/tunnel", "sh -c 'exit 3'").code(1).says("the editor ended with 3");
    lab.edit("edge/none", "true").code(2).says("no file of secrets is known to hold");
    lab.edit("secrets/none.yaml.age", "true").code(2).says("there is no such file");
    // Whether it lies in memory, who may read it, and that it is gone.
    let look = "stat -f -c %T \"$1\" > $HOME/kind; stat -c %a \"$1\" \"$(dirname \"$1\")\" >> $HOME/kind; echo \"$1\" >> $HOME/kind";
    std::fs::write(lab.home().join("look"), look).unwrap();
    lab.edit("edge/tunnel", "sh $HOME/look").code(0);
    let kind = std::fs::read_to_string(lab.home().join("kind")).unwrap();
    let lines: Vec<&str> = kind.lines().collect();
    assert_eq!(lines[..3], ["tmpfs", "600", "700"], "{kind}");
    assert!(!std::path::Path::new(lines[3]).parent().unwrap().exists(), "{kind}");
    assert!(lab.files() == before);
}

#[test]
fn edit_ends_well_when_it_is_told_to_end() {
    let lab = Lab::filled();
    let before = lab.files();
    for signal in ["TERM", "HUP"] {
        std::fs::write(lab.home().join("slow"), "echo \"$1\" > $HOME/at.new; mv $HOME/at.new $HOME/at; exec sleep 60")
            .unwrap();
        let _ = std::fs::remove_file(lab.home().join("at"));
        let mut command = Command::new(crate::common::binary());
        command.args(["secrets", "edit", "edge/tunnel"]);
        lab.setting(&mut command);
        let child = command.env("EDITOR", "sh $HOME/slow").spawn().unwrap();
        let began = std::time::Instant::now();
        while !lab.home().join("at").exists() {
            assert!(began.elapsed().as_secs() < 20);
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        // The store is another's for as long as the editor is open, and can be read all the same.
        lab.list();
        crate::common::signal(child.id(), signal);
        crate::common::ended(child).code(5).says(signal).says("the store is as it was");
        let at = std::fs::read_to_string(lab.home().join("at")).unwrap();
        assert!(!std::path::Path::new(at.trim()).exists(), "{at}");
    }
    assert!(lab.files() == before);
}

#[test]
fn edit_refuses_where_no_memory_can_be_had() {
    if !have("unshare", "edit_refuses_where_no_memory_can_be_had") {
        return;
    }
    let lab = Lab::filled();
    let mut command = Command::new("unshare");
    // A folder of the disk over /dev/shm, seen by this command alone.
    let line = "mount --bind \"$HOME\" /dev/shm || exit 99; exec \"$@\"";
    command.args(["-rm", "sh", "-c", line, "sh", crate::common::binary(), "secrets", "edit", "edge/tunnel"]);
    lab.setting(&mut command);
    let told = crate::common::told(command.env("EDITOR", "true"));
    if told.code == 99 || told.err.contains("unshare") {
        crate::common::not_run("edit_refuses_where_no_memory_can_be_had", "no mounts of one's own");
        return;
    }
    told.code(3).says("no place in memory can be had").says("/dev/shm: is not in memory");
}

#[test]
fn open_prints_to_a_program_and_to_nobody_else() {
    let lab = Lab::filled();
    let file = std::fs::File::create(lab.home().join("out")).unwrap();
    let mut command = lab.command(&["open", "edge/tunnel"]);
    crate::common::told(command.stdout(file.try_clone().unwrap())).code(3).says("stdout is none");
    assert_eq!(std::fs::read(lab.home().join("out")).unwrap(), b"");
    let mut command = lab.command(&["open", "edge/tunnel", "--reveal"]);
    crate::common::told(command.stdout(file)).code(0);
    assert!(std::fs::read_to_string(lab.home().join("out")).unwrap().contains("canary-4711"));
    lab.run(&["open", "secrets/none.yaml.age"]).code(2);
    let (other, _) = another(&lab, "other");
    let identity = other.to_str().unwrap();
    let told = lab.run(&["open", "edge/tunnel", "--identity", identity]).code(3);
    told.says("secrets/edge-tunnel.yaml.age: is encrypted for other identities").says(&lab.recipient().to_string());
}

#[test]
fn rotate_changes_who_can_open_all_files_and_the_digests_when_one_goes() {
    let lab = Lab::filled();
    let (other, public) = another(&lab, "other");
    let other = other.to_str().unwrap();
    let before = lab.list();
    lab.run(&["rotate", "--add", &public]).code(0).says("2 files encrypted anew for 2 recipients");
    assert_eq!(before["files"][0]["secrets"], lab.list()["files"][0]["secrets"], "no digest has changed");
    lab.run(&["check", "--identity", other]).code(0);
    let own = lab.recipient().to_string();
    let told = lab.run(&["rotate", "--remove", &own]).code(0).says("the key of the digests is new");
    told.says("change the values where they are used").says("opens nothing here any more");
    assert_ne!(before["files"][0]["secrets"], lab.list()["files"][0]["secrets"], "every digest has changed");
    lab.run(&["check"]).code(1).says("is encrypted for other identities");
    lab.run(&["check", "--identity", other]).code(0);
    lab.run(&["rotate"]).code(3).says("other identities");
    lab.run(&["rotate", "--identity", other, "--remove", &public]).code(3).says("nobody could open the store");
    lab.run(&["rotate", "--identity", other, "--remove", &own]).code(2).says("is no recipient of");
    lab.run(&["rotate", "--add", "ssh-ed25519 AAAA"]).code(2).says("SSH key");
    // By hand: whoever stands in the file, and nobody else.
    lab.write("secrets/recipients.txt", &format!("# ana\n{own}\n"));
    lab.run(&["check", "--identity", other]).code(1).says("who is not in recipients.txt");
    let told = lab.run(&["rotate", "--identity", other]).code(3).says("would open nothing after this");
    told.says(&format!("blackstart secrets rotate --identity {other} --remove {public}   # if it shall go"));
    lab.run(&["rotate", "--identity", other, "--remove", &public]).code(0);
    lab.run(&["check"]).code(0);
}

#[test]
fn an_identity_comes_from_where_it_is_said() {
    let lab = Lab::filled();
    let away = lab.home().join("away");
    std::fs::rename(lab.identity(), &away).unwrap();
    lab.run(&["check"]).code(3);
    crate::common::told(lab.command(&["check"]).env("BLACKSTART_IDENTITY", &away)).code(0);
    let text = std::fs::read_to_string(&away).unwrap();
    lab.feed(&["check", "--identity", "fd:0"], &text).code(0);
    lab.run(&["check", "--identity", "fd:x"]).code(2);
    lab.run(&["check", "--identity", "fd:77"]).code(3).says("fd:77");
    lab.feed(&["check", "--identity", "fd:0"], "AGE-PLUGIN-X-1QQ\n").code(3).says("line 1: is an identity of a plugin");
}

#[test]
fn a_protected_identity_is_opened_through_a_descriptor_and_refused_without() {
    let lab = Lab::bare();
    lab.feed(&["init", "--passphrase", "--passphrase-fd", "0"], "right\n").code(0);
    assert!(std::fs::read(lab.identity()).unwrap().starts_with(b"-----BEGIN AGE"));
    lab.feed(&["check", "--passphrase-fd", "0"], "right\n").code(0);
    lab.feed(&["check", "--passphrase-fd", "0"], "wrong\n").code(3).says("the passphrase is wrong");
    lab.run(&["check"]).code(3).says("no terminal to ask for its passphrase").says("--passphrase-fd");
    let lab = Lab::bare();
    lab.feed(&["init", "--passphrase", "--passphrase-fd", "0"], "\n").code(3).says("protects nothing");
    assert!(!lab.identity().exists());
}

#[test]
fn files_of_age_itself_are_opened_and_ours_by_it() {
    if !have("age", "files_of_age_itself_are_opened_and_ours_by_it") {
        return;
    }
    let lab = Lab::filled();
    let identity = lab.identity();
    let opened = crate::common::told(
        Command::new("age").args(["-d", "-i"]).arg(&identity).arg(lab.path("secrets/edge-tunnel.yaml.age")),
    );
    assert!(opened.code(0).out.contains("canary-4711"));
    let recipient = lab.recipient().to_string();
    for (armor, name) in [("-a", "a.yaml.age"), ("-e", "b.yaml.age")] {
        let mut command = Command::new("age");
        command.args([armor, "-r", &recipient, "-o"]).arg(lab.path("secrets").join(name));
        feed(&mut command, &secret("apps", &name[..1], "stringData: {k: canary-1}")).code(0);
    }
    lab.run(&["list"]).code(0).says("recipients.lock does not know it");
    lab.run(&["rotate"]).code(0);
    lab.run(&["check"]).code(0).says("4 files, 4 Secrets");
}
