//! Values and passphrases typed on a terminal: never shown, asked twice where they are new, and the terminal as it was
//! before in every ending.

use crate::common::{Told, have};
use crate::lab::{Lab, protect};
use std::process::Command;

/// Runs the words on a terminal of their own. Each answer is typed once its question stands there; one that begins with
/// SIG is sent as a signal, and what follows an @ is sent as one a moment after the answer. Tells what the terminal showed, the exit code, and whether echo is on at the end.
const HELPER: &str = r#"
import json, os, pty, select, signal, sys, termios, time
steps, words = json.loads(sys.argv[1]), sys.argv[2:]
pid, tty = pty.fork()
if pid == 0:
    os.execvp(words[0], words)
seen, done, end = b"", 0, time.time() + 60
def gone():
    p, s = os.waitpid(pid, os.WNOHANG)
    return s if p else None
status = None
while status is None and time.time() < end:
    if select.select([tty], [], [], 0.02)[0]:
        try: seen += os.read(tty, 65536)
        except OSError: pass
    if steps and steps[0][0].encode() in seen[done:]:
        done = seen.index(steps[0][0].encode(), done) + len(steps[0][0])
        echo = bool(termios.tcgetattr(tty)[3] & termios.ECHO)
        seen += b"" if not steps[0][1] or echo == steps[0][2] else b"(ECHO IS WRONG)"
        time.sleep(0.05)
        if steps[0][1].startswith("SIG"): os.kill(pid, getattr(signal, steps[0][1]))
        else:
            text, _, later = steps[0][1].partition("@")
            os.write(tty, text.encode())
            if later: time.sleep(0.15); os.kill(pid, getattr(signal, later))
        steps.pop(0)
    status = gone()
try:
    while select.select([tty], [], [], 0.05)[0]:
        more = os.read(tty, 65536)
        if not more: break
        seen += more
except OSError: pass
try: echo = bool(termios.tcgetattr(tty)[3] & termios.ECHO)
except termios.error: echo = None
if status is None:
    os.kill(pid, 9); print("HANGS")
sys.stdout.write(seen.decode(errors="replace") + "\nECHO %s\n" % echo)
sys.exit(os.waitstatus_to_exitcode(status) & 255 if status is not None else 99)
"#;

/// A question, what is typed, and whether it is shown while it is.
type Step<'a> = (&'a str, &'a str, bool);

fn typed(lab: &Lab, words: &[&str], steps: &[Step]) -> Told {
    let mut command = Command::new("python3");
    let steps = serde_json::to_string(steps).unwrap();
    command.args(["-c", HELPER, &steps, crate::common::binary(), "secrets"]).args(words);
    lab.setting(&mut command);
    let told = crate::common::told(command.env("TERM", "xterm").env("EDITOR", "sh $HOME/editor"));
    told.says("ECHO True").never_says("ECHO IS WRONG").never_says("HANGS").never_says("canary")
}

#[test]
fn values_are_asked_for_twice_and_never_shown() {
    if !have("python3", "values_are_asked_for_twice_and_never_shown") {
        return;
    }
    let lab = Lab::new();
    let steps = [
        ("value of a: ", "canary-1\n", false),
        ("value of a, again: ", "canary-1\n", false),
        ("value of b: ", "canary-2\n", false),
        ("value of b, again: ", "canary-2\n", false),
    ];
    typed(&lab, &["add", "apps/x", "a", "b"], &steps).code(0).says("is new, with a, b");
    assert!(lab.open("apps/x").contains("a: \"canary-1\"\n  b: \"canary-2\"\n"));
    let before = lab.files();
    let two = [("value of a: ", "canary-1\n", false), ("again: ", "canary-3\n", false)];
    typed(&lab, &["add", "apps/x", "a"], &two).code(3).says("not the same");
    for signal in ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT"] {
        typed(&lab, &["add", "apps/x", "a"], &[("value of a: ", signal, false)]).code(5).says("nothing was changed");
    }
    typed(&lab, &["add", "apps/x", "a"], &[("value of a: ", "can\u{3}", false)]).code(5).says("SIGINT");
    typed(&lab, &["add", "apps/x", "a"], &[("value of a: ", "\u{4}", false)]).code(3).says("the input ended");
    assert!(lab.files() == before);
}

#[test]
fn a_passphrase_is_asked_for_once_and_a_wrong_one_is_told() {
    if !have("python3", "a_passphrase_is_asked_for_once_and_a_wrong_one_is_told") {
        return;
    }
    let lab = Lab::bare();
    let new = [("new passphrase of the identity: ", "canary pass\n", false), ("again: ", "canary pass\n", false)];
    typed(&lab, &["init", "--passphrase"], &new).code(0).says("new, readable by you alone");
    let question = "identity.txt: ";
    typed(&lab, &["check"], &[(question, "canary pass\n", false)]).code(0).says("all is well");
    typed(&lab, &["check"], &[(question, "canary wrong\n", false)]).code(3).says("the passphrase is wrong");
    typed(&lab, &["check"], &[(question, "SIGTERM", false)]).code(5);
    typed(&lab, &["check", "--passphrase-fd", "0"], &[]).code(3).says("is a terminal, which would show what is typed");
}

#[test]
fn the_work_that_a_passphrase_asks_for_can_be_broken_off() {
    if !have("python3", "the_work_that_a_passphrase_asks_for_can_be_broken_off") {
        return;
    }
    let lab = Lab::new();
    lab.add("apps/x", "a", "canary-1");
    protect(&lab, "canary pass", 20);
    let before = lab.files();
    for signal in ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] {
        let began = std::time::Instant::now();
        let answer = format!("canary pass\n@{signal}");
        typed(&lab, &["rotate"], &[("identity.txt: ", &answer, false)]).code(5).says(&format!("ended by {signal}"));
        let seconds = began.elapsed().as_secs_f64();
        assert!(seconds < 1.5, "{signal} was heard after {seconds} s");
    }
    assert!(lab.files() == before);
}

#[test]
fn an_edit_that_cannot_be_read_is_offered_again() {
    if !have("python3", "an_edit_that_cannot_be_read_is_offered_again") {
        return;
    }
    let lab = Lab::filled();
    // First it breaks the text, then it mends it.
    let editor = "if grep -q BROKEN \"$1\"; then sed -i 's/BROKEN: \\[/  more: canary-5/' \"$1\"; else echo 'BROKEN: [' >> \"$1\"; fi\n";
    std::fs::write(lab.home().join("editor"), editor).unwrap();
    let question = "[Y/n] ";
    let before = lab.files();
    typed(&lab, &["edit", "edge/tunnel"], &[(question, "n\n", true)])
        .code(3)
        .says("edge-tunnel.yaml.age:")
        .says("given up");
    typed(&lab, &["edit", "edge/tunnel"], &[(question, "SIGTERM", true)]).code(3).says("given up");
    assert!(lab.files() == before);
    typed(&lab, &["edit", "edge/tunnel"], &[(question, "\n", true)]).code(0).says("changed");
    assert!(lab.open("edge/tunnel").contains("more: canary-5"));
}
