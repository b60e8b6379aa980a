//! After the point of no return nobody is asked anything: there is nobody there any more.

use crate::common::{Lab, binary, have};
use crate::source::{paths, rust};
use std::process::{Command, Stdio};

/// Who may ask a person, and when.
const ASK: &[(&str, &str)] = &[
    ("src/cli/recover/confirm.rs", "the one question, before anything is begun"),
    ("src/cli/identity.rs", "for a passphrase, before anything is begun"),
    ("src/cli/secrets/", "while secrets are kept by hand"),
];

#[test]
fn nothing_that_works_on_a_run_can_ask_a_person() {
    let mut asked = 0;
    for file in rust("src").iter().filter(|file| !file.path.starts_with("src/sys/")) {
        let asks = |path: &str| {
            path.ends_with("terminal::ask") || path.contains("prompt::ask") || path.ends_with("prompt::ask_within")
        };
        let calls = paths(&file.code()).into_iter().filter(|(_, path)| asks(path)).count();
        asked += calls;
        let may = ASK.iter().any(|(place, _)| file.path.starts_with(place));
        assert!(calls == 0 || may, "{}: asks a person, and is none of those that may", file.path);
    }
    assert!(asked >= 2, "the rule finds nobody who asks: {asked}");
}

#[test]
fn what_a_recovery_starts_has_no_terminal_to_ask_on() {
    if !have("python3", "what_a_recovery_starts_has_no_terminal_to_ask_on") {
        return;
    }
    let lab = Lab::new(
        "  - id: asks\n    kind: command\n    \
         run: [sh, -c, \"if (: </dev/tty) 2>/dev/null; then touch world/terminal; fi; read word || touch world/nobody\"]\n    \
         verify: [test, -e, world/nobody]\n",
    );
    let helper = r#"
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
try:
    while os.read(terminal, 4096):
        pass
except OSError:
    pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"#;
    let mut command = Command::new("python3");
    command.args(["-c", helper, binary(), "recover", "plan.yaml", "--confirm", &lab.name]);
    let like = lab.command(&[]);
    command.current_dir(lab.folder.path()).envs(like.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let status = command.env("TERM", "dumb").stdin(Stdio::null()).status().unwrap();
    assert!(status.success(), "{status}");
    assert!(lab.exists("world/nobody") && !lab.exists("world/terminal"));
    lab.nothing_is_left();
}
