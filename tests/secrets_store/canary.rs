//! Random values in every command, also in those that fail: none is in what is said, in what is written but the encrypted
//! files, in the words and variables of any program, or in a core file. The search is shown to find one in each of these.

use crate::common::{Dice, Told, have, not_run, seed};
use crate::fake_api::{Fake, Reply};
use crate::lab::{Lab, all, another, protect, secret};
use serde_json::json;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

/// A value as it could be written: raw, in base64 at its three alignments, in hex.
fn forms(value: &str) -> Vec<Vec<u8>> {
    let base64 = |shift: usize| {
        let padded = [&vec![b' '; shift], value.as_bytes()].concat();
        let text = blackstart::sys::base64::encode(&padded);
        // The letters at either end depend on what stands beside.
        text.as_bytes()[if shift == 0 { 0 } else { 4 }..text.len() / 4 * 4 - 4].to_vec()
    };
    let hex = value.bytes().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes();
    vec![value.as_bytes().to_vec(), base64(0), base64(1), base64(2), hex]
}

fn found(form: &[u8], bytes: &[u8]) -> bool {
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| *byte == form[0]) {
        if bytes[from + at..].starts_with(form) {
            return true;
        }
        from += at + 1;
    }
    false
}

struct Canary {
    forms: Vec<Vec<u8>>,
    /// Where it has to be.
    allowed: Option<PathBuf>,
}

/// Everything that was said, and everything that is written anywhere this test knows of: also the words and variables of
/// all programs that were started, and what a dying one leaves.
struct Hunt {
    lab: Lab,
    told: Vec<Told>,
    canaries: Vec<Canary>,
}

impl Hunt {
    fn trace(&self) -> PathBuf {
        self.lab.home().join("execs")
    }
    fn canary(&mut self, value: &str, allowed: Option<PathBuf>) {
        self.canaries.push(Canary { forms: forms(value), allowed });
    }
    /// A command of ours, watched, with core files allowed.
    fn start(&self, words: &[&str], input: &str, editor: &str) -> (Told, ExitStatus) {
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-s", "65535", "-v", "-e", "trace=execve", "-A", "-o"]).arg(self.trace());
        command.arg("setsid");
        self.started(command, words, input, editor)
    }
    fn started(&self, mut command: Command, words: &[&str], input: &str, editor: &str) -> (Told, ExitStatus) {
        command.args(["-w", "sh", "-c", "ulimit -c unlimited; exec \"$@\"", "sh"]);
        command.args([crate::common::binary(), "secrets"]).args(words);
        self.lab.setting(&mut command);
        command.env("EDITOR", editor).stdin(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        // Who refuses at once reads nothing.
        let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let status = output.status;
        (Told::of(output), status)
    }
    #[track_caller]
    fn run(&mut self, words: &[&str], input: &str, editor: &str, code: i32) -> &Told {
        let (told, _) = self.start(words, input, editor);
        let shown = told.all();
        assert_eq!(told.code, code, "{words:?}: {shown}");
        self.told.push(told);
        self.told.last().unwrap()
    }
    fn leaks(&self) -> Vec<String> {
        let mut places: Vec<(String, Vec<u8>)> = Vec::new();
        for told in &self.told {
            places.push(("stdout".to_owned(), told.out.clone().into_bytes()));
            places.push(("stderr".to_owned(), told.err.clone().into_bytes()));
        }
        for folder in [self.lab.folder.path(), Path::new("/dev/shm")] {
            let files = all(folder).into_iter();
            places.extend(files.map(|(name, bytes)| (folder.join(name).display().to_string(), bytes)));
        }
        let is_in = |canary: &Canary, name: &str, bytes: &[u8]| {
            canary.allowed.as_ref().is_none_or(|allowed| Path::new(name) != allowed)
                && canary.forms.iter().any(|form| found(form, bytes))
        };
        let hit = |(name, bytes): &(String, Vec<u8>)| self.canaries.iter().any(|canary| is_in(canary, name, bytes));
        places.iter().filter(|place| hit(place)).map(|(name, _)| name.clone()).collect()
    }
}

fn random(dice: &mut Dice, length: usize) -> String {
    (0..length).map(|_| char::from(b"abcdefghjkmnpqrstuvwxyz23456789"[dice.roll(31)])).collect()
}

const TEST: &str = "no_value_is_anywhere_but_in_the_encrypted_files";

#[test]
fn no_value_is_anywhere_but_in_the_encrypted_files() {
    if !have("strace", TEST) {
        return;
    }
    let mut dice = Dice(seed("canary"));
    let (value, passphrase) = (random(&mut dice, 23), random(&mut dice, 21));
    let mut hunt = Hunt { lab: Lab::bare(), told: Vec::new(), canaries: Vec::new() };
    hunt.canary(&value, None);
    hunt.canary(&passphrase, None);
    hunt.run(&["init", "--sealing-key"], "", "", 0);
    let identity = hunt.lab.identity();
    let text = std::fs::read_to_string(&identity).unwrap();
    let line = text.lines().find(|line| line.starts_with("AGE-SECRET")).unwrap();
    hunt.canary(&line["AGE-SECRET-KEY-1".len()..], Some(identity));
    // A line of the private half of the sealing key, which no command may show either.
    let plain = hunt.lab.open("secrets/sealing-keys.yaml.age");
    let key = plain.lines().skip_while(|line| !line.contains("PRIVATE")).nth(5).unwrap().trim();
    hunt.canary(key, None);

    succeed(&mut hunt, &value);
    fail(&mut hunt, &value);
    import(&mut hunt, &value);
    let cores = die(&mut hunt);
    protected(&mut hunt, &value, &passphrase);
    assert_eq!(hunt.leaks(), Vec::<String>::new());
    let trace = std::fs::read_to_string(hunt.trace()).unwrap();
    let (commands, programs) = (hunt.told.len(), trace.lines().filter(|line| line.contains("execve(")).count());
    assert!(programs > commands * 3, "the words of programs are in the trace");
    let channels = planted(&mut hunt, cores);
    let forms = hunt.canaries.len() * hunt.canaries[0].forms.len();
    let files = all(hunt.lab.folder.path()).len();
    println!(
        "secrets: canaries: {commands} commands, {programs} programs, {files} files: 0 of {forms} forms anywhere; planted in \
         {channels} channels, found in each"
    );
}

fn succeed(hunt: &mut Hunt, value: &str) {
    let pair = format!("b={value}\nc={value}\n");
    hunt.run(&["add", "apps/x", "a"], value, "", 0);
    hunt.run(&["add", "apps/x", "b", "c"], &pair, "", 0);
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("value");
    std::fs::write(&file, format!("\0{value}")).unwrap();
    hunt.run(&["add", "apps/x", "--from-file", &format!("d={}", file.display())], "", "", 0);
    hunt.run(&["edit", "apps/x"], "", "sed -i 's/ a:/ aa:/'", 0);
    for words in [&["list"][..], &["list", "--output", "json"], &["rotate", "-v"]] {
        hunt.run(words, "", "", 0);
    }
    for words in [&["check"][..], &["check", "--output", "json", "-v"]] {
        hunt.run(words, "", "", 0);
    }
    // What is sealed is for everybody; what is opened goes to a program, and is not looked at here.
    let opened = hunt.lab.open("apps/x");
    assert!(opened.contains(value));
    let key = tempfile::tempdir().unwrap();
    let of_key = hunt.lab.open("secrets/sealing-keys.yaml.age");
    let certificate: String =
        of_key.lines().skip_while(|line| !line.contains("BEGIN CERT")).map(str::trim).collect::<Vec<_>>().join("\n");
    let certificate = certificate.split_inclusive("-----END CERTIFICATE-----").next().unwrap();
    hunt.lab.write("cert.pem", certificate);
    let sealed = hunt.run(&["seal", "--cert", "cert.pem", "-"], &opened, "", 0).out.clone();
    hunt.lab.write("sealed.yaml", &sealed);
    std::fs::write(key.path().join("key.yaml"), of_key).unwrap();
    let key = key.path().join("key.yaml");
    let nothing = hunt.lab.path("nothing");
    let mut command = hunt.lab.command(&["unseal", "--key", key.to_str().unwrap(), "sealed.yaml"]);
    let refused = crate::common::told(command.stdout(std::fs::File::create(&nothing).unwrap()));
    hunt.told.push(refused.code(3));
    hunt.run(&["seal", "--cert", "cert.pem", "-"], &opened.replace("  aa: ", "  a a: "), "", 2);
}

fn fail(hunt: &mut Hunt, value: &str) {
    let (other, _) = another(&hunt.lab, "other");
    let other = other.to_str().unwrap().to_owned();
    let odd = format!("b={value}\n{value}\n");
    for (words, input, editor, code) in [
        (&["init"][..], "", "", 3),
        (&["init", "--sealing-key"], "", "", 3),
        (&["add", "apps/x", "b", "c"], odd.as_str(), "", 2),
        (&["add", "apps/x", "b", "--file", "y.yaml.age"], value, "", 3),
        (&["add", "apps/x", "b", "--identity", "/none"], value, "", 3),
        (&["add", "apps/x", "b", "--identity", &other], value, "", 3),
        (&["edit", "apps/x"], "", "sed -i 's/aa:/aa: [/'", 3),
        (&["edit", "apps/x"], "", "sed -i 's/\"$/\\x01\"/'", 3),
        (&["edit", "apps/x"], "", "sed -i 's/stringData/data/'", 3),
        (&["edit", "apps/x"], "", "sed -i 's/  aa: \"\\(.*\\)\"/  aa: {\\1: \\1}/'", 3),
        (&["edit", "apps/x"], "", "sed -i 's/  aa: \"\\(.*\\)\"/  \\1+\\1: x/'", 3),
        (&["edit", "apps/x"], "", "sed -i 's/  aa: \"\\(.*\\)\"/\\1\\n&/'", 3),
        (&["edit", "apps/x"], "", "sh -c 'exit 1'", 1),
        (&["edit", "apps/x"], "", "sh -c 'kill -TERM $$'", 1),
        (&["rotate", "--add", "age1x"], "", "", 2),
        (&["rotate", "--identity", &other], "", "", 3),
        (&["check", "--identity", &other], "", "", 1),
        (&["check", "--identity", &other, "--output", "json"], "", "", 1),
        (&["open", "apps/x", "--identity", "/none"], "", "", 3),
        (&["open", "apps/x", "--identity", &other], "", "", 3),
    ] {
        hunt.run(words, input, editor, code);
    }
    // A value where no value belongs, in a file that something else has put there; and files that are not whole.
    let good = hunt.lab.read("secrets/apps-x.yaml.age");
    let texts = [
        format!("stringData: '{value}\n"),
        secret("apps", "x", &format!("data: {{a: '{value}!'}}")),
        secret("apps", "x", &format!("type: [{value}]\nimmutable: {value}\nstringData: {value}")),
        format!("{value}: {value}\n"),
        secret("apps", "x", &format!("stringData:\n  a: |\n  {value}/+\n  {value}==: x\n  {value}==: x")),
    ];
    for text in texts {
        hunt.lab.put("apps-x.yaml.age", &text);
        for (words, code) in [(&["check"][..], 1), (&["check", "--output", "json"], 1), (&["rotate"], 3)] {
            hunt.run(words, "", "", code);
        }
        hunt.run(
            &["edit", "secrets/apps-x.yaml.age"],
            "",
            "sed -i s/Data/data/",
            if text.contains("Data") { 3 } else { 0 },
        );
    }
    for bytes in [&good[..good.len() / 2], &good[..good.len() - 40], b"age-encryption.org/v1\n"] {
        std::fs::write(hunt.lab.path("secrets/apps-x.yaml.age"), bytes).unwrap();
        for (words, code) in [(&["check"][..], 1), (&["rotate"], 3), (&["edit", "secrets/apps-x.yaml.age"], 3)] {
            hunt.run(words, "", "true", code);
        }
        hunt.run(&["open", "secrets/apps-x.yaml.age"], "", "", 3);
        hunt.run(&["add", "apps/x", "b"], value, "", 3);
    }
    std::fs::write(hunt.lab.path("secrets/apps-x.yaml.age"), good).unwrap();
    hunt.run(&["rotate"], "", "", 0);
}

fn import(hunt: &mut Hunt, value: &str) {
    let encoded = blackstart::sys::base64::encode(value.as_bytes());
    let note = json!({"kubectl.kubernetes.io/last-applied-configuration": format!("{{\"a\": \"{encoded}\"}}")});
    let object = |name: &str, data: &str| json!({"metadata": {"name": name, "namespace": "apps", "annotations": note}, "type": "Opaque", "data": {"a": data}});
    for (items, code) in [
        (vec![object("from-cluster", &encoded), object("x", &encoded)], 0),
        (vec![object("broken", &format!("{encoded}!"))], 1),
    ] {
        let list =
            json!({"kind": "SecretList", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": items});
        let fake = Fake::new(vec![("GET", "/api/v1/secrets*", Reply::Json(200, list))]);
        let kubeconfig = fake.kubeconfig();
        let words = ["import", "--from-cluster", "--kubeconfig", kubeconfig.to_str().unwrap(), "-v"];
        hunt.run(&words, "", "", code);
        fake.done();
    }
}

/// Ended while the values are in memory, by signals that leave core files. Whether this machine leaves them at all.
fn die(hunt: &mut Hunt) -> bool {
    for signal in ["ABRT", "SEGV", "QUIT"] {
        // Twice, for the first SEGV is taken for the end of a stack and only puts the usual end back.
        let line = format!("kill -{signal} $PPID; sleep 0.1; kill -{signal} $PPID 2>&-; sleep 0.1; true\n");
        std::fs::write(hunt.lab.home().join("kill"), line).unwrap();
        let (told, status) = hunt.started(Command::new("setsid"), &["edit", "apps/x"], "", "sh $HOME/kill");
        assert!(!status.core_dumped(), "{signal}: {told:?}");
        // From the keyboard it is meant for the editor.
        assert_eq!(told.code, if signal == "QUIT" { 0 } else { -1 }, "{signal}: {}", told.all());
        hunt.told.push(told);
    }
    // The desk of the dead is cleared away by the next.
    hunt.run(&["edit", "apps/x"], "", "true", 0);
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -c unlimited; kill -ABRT $$"]).current_dir(hunt.lab.home());
    let status = command.status().unwrap();
    let left = all(&hunt.lab.home()).into_iter().filter(|(name, _)| name.starts_with("core"));
    let paths: Vec<_> = left.map(|(name, _)| hunt.lab.home().join(name)).collect();
    paths.iter().for_each(|path| std::fs::remove_file(path).unwrap());
    status.core_dumped() && !paths.is_empty()
}

fn protected(hunt: &mut Hunt, value: &str, passphrase: &str) {
    protect(&hunt.lab, passphrase, 10);
    let by_pass = ["--passphrase-fd", "0"];
    hunt.run(&[&["check"], &by_pass[..]].concat(), passphrase, "", 0);
    hunt.run(&[&["rotate"], &by_pass[..]].concat(), &format!("{passphrase}\n"), "", 0);
    // A wrong one that is nearly right, the right one behind something, and what is no passphrase at all.
    for wrong in [&passphrase[1..], &format!("x{passphrase}"), "", value] {
        for words in
            [&["check"][..], &["check", "--output", "json"], &["rotate"], &["edit", "apps/x"], &["open", "apps/x"]]
        {
            hunt.run(&[words, &by_pass[..]].concat(), wrong, "true", 3);
        }
    }
    hunt.run(&["check"], "", "", 3);
    let other = hunt.lab.home().join("second.txt");
    let words = ["init", "--store", "second", "--passphrase", "--identity", other.to_str().unwrap()];
    hunt.run(&[&words[..], &by_pass[..]].concat(), &format!("{passphrase}\n"), "", 0);
    let cipher = std::fs::read(&other).unwrap();
    std::fs::write(&other, &cipher[..cipher.len() - 30]).unwrap();
    let words = ["check", "--store", "second", "--identity", other.to_str().unwrap()];
    hunt.run(&[&words[..], &by_pass[..]].concat(), passphrase, "", 3);
}

/// Seen red: in each channel a planted one is found, in whatever form. How many channels that were.
fn planted(hunt: &mut Hunt, cores: bool) -> usize {
    let told = std::mem::take(&mut hunt.told);
    let forms: Vec<String> = hunt
        .canaries
        .iter()
        .flat_map(|canary| &canary.forms)
        .map(|form| String::from_utf8(form.clone()).unwrap())
        .collect();
    // What was searched once need not be searched for each.
    let trace = b"nothing".to_vec();
    std::fs::write(hunt.trace(), &trace).unwrap();
    let strace = |hunt: &Hunt, text: &str, word: bool| {
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-s", "65535", "-v", "-e", "trace=execve", "-A", "-o"]).arg(hunt.trace());
        match word {
            true => command.args(["true", text]),
            false => command.arg("true").env("PLANTED", text),
        };
        assert!(command.status().unwrap().success());
    };
    for text in &forms {
        for (out, err) in [(text.as_str(), ""), ("", text.as_str())] {
            hunt.told = vec![Told { code: 0, out: format!("x{out}x"), err: format!("x{err}x") }];
            assert_eq!(hunt.leaks(), [if err.is_empty() { "stdout" } else { "stderr" }]);
        }
        hunt.told.clear();
        for path in
            [hunt.lab.path("planted"), PathBuf::from(format!("/dev/shm/blackstart-planted-{}", std::process::id()))]
        {
            std::fs::write(&path, format!("x{text}x")).unwrap();
            let leaks = hunt.leaks();
            std::fs::remove_file(&path).unwrap();
            assert_eq!(leaks, [path.display().to_string()]);
        }
        for word in [true, false] {
            strace(hunt, text, word);
            assert_eq!(hunt.leaks(), [hunt.trace().display().to_string()], "word of a program: {word}");
            std::fs::write(hunt.trace(), &trace).unwrap();
        }
    }
    let mut channels = 6;
    if cores {
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -c unlimited; kill -ABRT $$", "sh", &forms[0]]).current_dir(hunt.lab.home());
        command.status().unwrap();
        let leaks = hunt.leaks();
        assert!(leaks.len() == 1 && leaks[0].contains("/core"), "{leaks:?}");
        std::fs::remove_file(&leaks[0]).unwrap();
        channels += 1;
    } else {
        not_run(TEST, "no core file is left beside a program here, so none could be searched");
    }
    hunt.told = told;
    channels
}
