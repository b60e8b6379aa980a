//! What this process does for its own memory before anything else: it leaves no core file, and no other process of the
//! same user may look into it. And how it ends when it is at fault itself: at once, with the place and nothing besides.

use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};
use std::io::Write;

/// The first act of the program. Where the kernel refuses, the rest is worth doing all the same.
pub fn close_memory() {
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    // Only the soft limit: a program of the plan that wants its core files may raise it again.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: getrlimit(Resource::Core).maximum });
}

/// A bug ends the process at once, as a kill does: the journal is made for that. A task that died alone would leave the run
/// waiting for it. Only the place is told; what was in hand at that place may be nobody's business.
pub fn end_at_a_bug() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        let text = format!("error: a bug of blackstart, at {place}; the run can go on: blackstart resume\n");
        let _ = std::io::stderr().write_all(text.as_bytes());
        std::process::abort();
    }));
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;

    /// Set in the copy of this test that has the bug.
    const CHILD: &str = "BLACKSTART_TEST_CHILD";

    #[test]
    fn a_bug_tells_its_place_and_never_what_was_in_hand() {
        if std::env::var_os(CHILD).is_some() {
            super::close_memory();
            super::end_at_a_bug();
            // On a thread besides the first, where a panic would otherwise end nothing but itself.
            let value = "canary-4711".to_owned();
            let bug = std::thread::spawn(move || panic!("the value is {value}"));
            let _ = bug.join();
            return;
        }
        let name = "sys::guard::tests::a_bug_tells_its_place_and_never_what_was_in_hand";
        let mut again = Command::new(std::env::current_exe().unwrap());
        let told = again.args(["--exact", name, "--nocapture"]).env(CHILD, "1").output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&told.stdout), String::from_utf8_lossy(&told.stderr));
        assert_eq!(told.status.signal(), Some(6), "it went on: {out}{err}");
        assert!(
            err.contains("a bug of blackstart, at src/sys/guard.rs:") && err.contains("blackstart resume"),
            "{err}"
        );
        assert!(!format!("{out}{err}").contains("4711"), "{out}{err}");
    }
}
