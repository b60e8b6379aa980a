//! What goes wrong around a store: full disks, links, odd modes, commands at once, editors that die, homes that are not there.

use crate::common::{self, Told, binary, have, told};
use crate::lab::{Lab, secret};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn who_may_read_what_stays_as_it_was() {
    let lab = Lab::bare();
    std::fs::create_dir(lab.path("secrets")).unwrap();
    chmod(&lab.path("secrets"), 0o700);
    lab.run(&["init"]).code(0);
    assert_eq!(mode(&lab.path("secrets")), 0o700, "a folder that is there is nobody's to open");
    lab.add("edge/tunnel", "token", "canary-1");
    let path = lab.path("secrets/edge-tunnel.yaml.age");
    for wanted in [0o600, 0o640, 0o664] {
        chmod(&path, wanted);
        lab.run(&["rotate"]).code(0);
        assert_eq!(mode(&path), wanted);
    }
    let lab = Lab::bare();
    let mut command = Command::new("sh");
    command.args(["-c", "umask 077; exec \"$@\"", "sh", binary(), "secrets", "init"]);
    lab.setting(&mut command);
    told(&mut command).code(0);
    let names = ["secrets", "secrets/recipients.lock", "secrets/digest-key.age"].map(|name| mode(&lab.path(name)));
    assert_eq!(names, [0o700, 0o600, 0o600]);
    assert_eq!(mode(&lab.identity()), 0o600);
}

#[test]
fn root_leaves_the_owner_of_a_store_what_it_writes() {
    let lab = Lab::filled();
    if !rustix::process::geteuid().is_root() {
        common::not_run("root_leaves_the_owner_of_a_store_what_it_writes", "not root");
        return;
    }
    for name in ["", "/apps-db.yaml.age", "/edge-tunnel.yaml.age", "/recipients.lock"] {
        std::os::unix::fs::chown(lab.path(&format!("secrets{name}")), Some(12_345), Some(12_346)).unwrap();
    }
    lab.add("apps/db", "password", "canary-2");
    lab.add("apps/new", "k", "canary-3");
    for name in ["apps-db.yaml.age", "apps-new.yaml.age", "recipients.lock"] {
        let about = std::fs::metadata(lab.path("secrets").join(name)).unwrap();
        assert_eq!((about.uid(), about.gid()), (12_345, 12_346), "{name}");
    }
}

#[test]
fn under_sudo_an_identity_and_its_new_folders_belong_to_who_typed_it() {
    let lab = Lab::bare();
    if !rustix::process::geteuid().is_root() {
        common::not_run("under_sudo_an_identity_and_its_new_folders_belong_to_who_typed_it", "not root");
        return;
    }
    let deep = lab.home().join("a/b");
    let mut command = lab.command(&["init"]);
    command.env("XDG_CONFIG_HOME", &deep).env("SUDO_UID", "12345").env("SUDO_GID", "12346");
    told(&mut command).code(0);
    for name in ["a", "a/b", "a/b/blackstart", "a/b/blackstart/identity.txt"] {
        let about = std::fs::metadata(lab.home().join(name)).unwrap();
        assert_eq!((about.uid(), about.gid()), (12_345, 12_346), "{name}");
    }
    assert_eq!(std::fs::metadata(lab.home()).unwrap().uid(), 0);
}

#[test]
fn a_store_behind_a_link_is_one_and_a_link_in_it_is_never_replaced() {
    let lab = Lab::filled();
    std::fs::rename(lab.path("secrets"), lab.home().join("away")).unwrap();
    symlink("../home/away", lab.path("secrets")).unwrap();
    lab.add("apps/db", "password", "canary-2").says("secrets/apps-db.yaml.age: Secret apps/db was there");
    lab.run(&["rotate"]).code(0);
    lab.run(&["check"]).code(0);
    assert!(lab.path("secrets").is_symlink());
    // A file that is a link would become a file, and what it leads to would stay as it was.
    let file = lab.path("secrets/apps-db.yaml.age");
    std::fs::rename(&file, lab.home().join("shared")).unwrap();
    symlink("../shared", &file).unwrap();
    let before = lab.files();
    lab.run(&["rotate"]).code(1).says("apps-db.yaml.age is a link").says("nothing was changed");
    lab.feed(&["add", "apps/db", "password"], "x").code(1).says("apps-db.yaml.age is a link");
    assert!(lab.files() == before && file.is_symlink());
    lab.run(&["check"]).code(0);
    std::fs::remove_file(lab.home().join("shared")).unwrap();
    let told =
        lab.run(&["list"]).code(2).says("secrets: cannot be read: apps-db.yaml.age: is a link that leads nowhere");
    drop(told);
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    lab.run(&["list"]).code(2).says("apps-db.yaml.age: is not a regular file");
}

#[test]
fn a_search_for_plain_secrets_follows_no_link() {
    let lab = Lab::filled();
    let text = secret("apps", "page", "stringData: {a: canary-77}");
    std::fs::create_dir(lab.home().join("elsewhere")).unwrap();
    std::fs::write(lab.home().join("elsewhere/page.yaml"), &text).unwrap();
    symlink("/", lab.path("root")).unwrap();
    symlink("../home/elsewhere", lab.path("elsewhere")).unwrap();
    let began = std::time::Instant::now();
    lab.run(&["check"]).code(0);
    assert!(began.elapsed().as_secs() < 10, "all of this machine was searched");
    lab.write("page.yaml", &text);
    lab.run(&["check"]).code(1).says("page.yaml:1");
}

#[test]
fn two_that_make_one_store_at_once_make_one() {
    for _ in 0..4 {
        let lab = Lab::bare();
        lab.run(&["init", "--store", "first"]).code(0);
        let all: Vec<Told> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| lab.run(&["init"]))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(all.iter().filter(|told| told.code == 0).count(), 1, "{all:?}");
        assert!(all.iter().all(|told| told.code == 0 || told.err.contains("is a store already")), "{all:?}");
        lab.add("apps/db", "password", "canary-1");
        lab.run(&["check"]).code(0);
    }
}

#[test]
fn a_full_disk_changes_nothing() {
    let test = "a_full_disk_changes_nothing";
    if !have("unshare", test) {
        return;
    }
    let lab = Lab::filled();
    std::fs::write(lab.home().join("large"), vec![b'x'; 300_000]).unwrap();
    // The store on a disk of its own, which has room for what is there and for little more.
    let line = "mount -t tmpfs -o size=128k tmpfs \"$HOME/disk\" || exit 99
        cp -a secrets/. \"$HOME/disk\" && cp -a \"$HOME/disk\" \"$HOME/before\"
        \"$1\" secrets add apps/large --from-file k=\"$HOME/large\" --store \"$HOME/disk\"; echo add $?
        diff -r \"$HOME/disk\" \"$HOME/before\" && echo same
        head -c 200000 /dev/zero > \"$HOME/disk/fill\" 2>/dev/null
        \"$1\" secrets rotate --store \"$HOME/disk\"; echo rotate $?
        rm \"$HOME/disk/fill\"; diff -r \"$HOME/disk\" \"$HOME/before\" && echo same again
        \"$1\" secrets rotate --store \"$HOME/disk\"; echo then $?";
    std::fs::create_dir(lab.home().join("disk")).unwrap();
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", line, "sh", binary()]);
    lab.setting(&mut command);
    let told = told(&mut command);
    if told.code == 99 || told.err.contains("unshare:") {
        return common::not_run(test, "no mounts of one's own");
    }
    let told = told.says("No space left on device").says("nothing was changed").says("make room");
    let told = told.says("add 1\nsame\n").says("rotate 1\nsame again\n");
    told.says("then 0");
}

#[test]
fn an_editor_that_dies_or_is_none_leaves_nothing_behind() {
    let lab = Lab::filled();
    let before = lab.files();
    let desks = || {
        let names = std::fs::read_dir("/dev/shm").unwrap().flatten().map(|entry| entry.file_name());
        names.filter(|name| name.to_string_lossy().starts_with("blackstart-edit-")).count()
    };
    std::fs::write(lab.home().join("die"), "echo x >> \"$1\"; kill -KILL $$").unwrap();
    lab.edit("edge/tunnel", "sh $HOME/die").code(1).says("the editor was killed");
    lab.edit("edge/tunnel", "no-such-editor").code(1).says("ended with 127").says("say which editor in EDITOR");
    lab.edit("edge/tunnel", "rm").code(1).says("No such file");
    // What is laid where the text lay: a link, a pipe.
    lab.edit("edge/tunnel", "sh -c 'rm \"$1\"; mkfifo \"$1\"' sh").code(1).says("not a regular file");
    assert!(lab.files() == before);
    // An editor that writes another file and puts it in the place of the first, as most do.
    lab.edit("edge/tunnel", "sh -c 'sed s/4711/5/ \"$1\" > \"$1~\"; mv \"$1~\" \"$1\"' sh").code(0).says("changed");
    // Killed with it, the next one clears away.
    let mut command = Command::new(binary());
    command.args(["secrets", "edit", "edge/tunnel"]);
    lab.setting(&mut command);
    let slow = "sh -c 'echo $$ > $HOME/pid.new; mv $HOME/pid.new $HOME/pid; exec sleep 60' sh";
    let mut child = command.env("EDITOR", slow).spawn().unwrap();
    let began = std::time::Instant::now();
    while !lab.home().join("pid").exists() {
        assert!(began.elapsed().as_secs() < 20);
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let left = desks();
    lab.edit("edge/tunnel", "true").code(0).says("unchanged");
    assert!(desks() < left, "the desk of the one that was killed stays");
    let editor = std::fs::read_to_string(lab.home().join("pid")).unwrap();
    common::signal(editor.trim().parse().unwrap(), "KILL");
}

#[test]
fn texts_with_the_breaks_of_other_systems_are_read() {
    let lab = Lab::filled();
    let crlf = |text: &str| format!("\u{feff}{}", text.replace('\n', "\r\n"));
    let identity = std::fs::read_to_string(lab.identity()).unwrap();
    std::fs::write(lab.identity(), crlf(&identity)).unwrap();
    let recipients = String::from_utf8(lab.read("secrets/recipients.txt")).unwrap();
    lab.write("secrets/recipients.txt", &crlf(&recipients));
    lab.run(&["check"]).code(0);
    // An editor that writes such breaks, and a value set in such a text.
    lab.edit("apps/db", "sed -i 's/$/\\r/'").code(0).says("changed");
    lab.add("apps/db", "password", "canary-2").says("password is replaced");
    lab.add("apps/db", "more", "a\r\nb\r\n").says("more is new");
    lab.run(&["check"]).code(0);
    let text = lab.open("apps/db");
    assert!(text.contains("password: \"canary-2\"") && text.contains("data:\n  more: YQ0KYg0K"), "{text:?}");
    lab.feed(&["add", "apps/two", "a", "b"], "a=1\r\nb=2\r\n").code(0);
    assert!(lab.open("apps/two").contains("a: \"1\"\n  b: \"2\"\n"));
}

#[test]
fn without_a_home_it_is_said_what_is_missing() {
    let lab = Lab::filled();
    let bare = |words: &[&str]| {
        let mut command = lab.command(words);
        command.env_remove("HOME").env_remove("XDG_CONFIG_HOME").env_remove("XDG_STATE_HOME");
        told(&mut command)
    };
    bare(&["list"]).code(0);
    bare(&["check"]).code(2).says("HOME and XDG_CONFIG_HOME are not set").says("--identity FILE");
    bare(&["init", "--store", "new"]).code(2).says("HOME and XDG_CONFIG_HOME are not set");
    assert!(!lab.path("new").exists());
    let identity = lab.identity();
    bare(&["check", "--identity", identity.to_str().unwrap()]).code(0);
}

#[test]
fn an_identity_that_is_a_pipe_is_told_how_it_is_named() {
    let lab = Lab::filled();
    let made = Command::new("mkfifo").arg(lab.home().join("pipe")).status().unwrap();
    assert!(made.success());
    lab.run(&["check", "--identity", "../home/pipe"]).code(3).says("is not a regular file").says("--identity fd:3 3<");
    lab.run(&["check", "--identity", "../home"]).code(3);
    let mut command = Command::new("bash");
    command.args(["-c", "\"$1\" secrets check --identity fd:3 3< <(cat \"$2\")", "bash", binary()]).arg(lab.identity());
    lab.setting(&mut command);
    told(&mut command).code(0).says("all is well");
}

#[test]
fn names_that_somebody_wrote_do_not_move_the_cursor() {
    let lab = Lab::filled();
    let ledger = String::from_utf8(lab.read("secrets/recipients.lock")).unwrap();
    lab.write("secrets/recipients.lock", &ledger.replace("\"tunnel\"", "\"tun\\u001b[2Jnel\\u202e\""));
    for words in [&["list"][..], &["check"]] {
        let told = lab.run(words);
        assert!(told.all().contains("tun") && !told.all().contains(['\u{1b}', '\u{202e}']), "{told:?}");
    }
}
