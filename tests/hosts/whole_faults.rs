//! What stands in the way of a recovery of a living cluster: told before anything is touched, and the cluster lives on as it was.

use crate::common;
use crate::whole::{Ground, RECOVER, ended, has_begun, said, start};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Refused, in words that hold all of these, and nothing was touched.
#[track_caller]
pub fn refused(ground: &dyn Ground, mut command: Command, told: &[&str]) {
    let (data, marks) = (ground.data(), ground.marks());
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let output = ended(ground, child);
    let words = said(&output);
    assert_eq!(output.status.code(), Some(3), "{words}");
    for told in told {
        assert!(words.contains(told), "{told}: {words}");
    }
    assert_eq!((ground.data(), ground.marks()), (data, marks), "something was touched: {words}");
}

/// The second of two is refused, tells of the first, and the first comes to its end.
pub fn two_at_once(ground: &dyn Ground) {
    let marks = ground.marks();
    let mut first = start(ground, &RECOVER);
    let since = Instant::now();
    let before = has_begun(ground);
    while has_begun(ground) == before {
        assert!(since.elapsed() < Duration::from_secs(60) && first.try_wait().unwrap().is_none(), "it does not begin");
        std::thread::sleep(Duration::from_millis(5));
    }
    let second = ground.program(&RECOVER).output().unwrap();
    let words = said(&second);
    assert_eq!(second.status.code(), Some(3), "{words}");
    assert!(words.contains("somebody else is at it") && words.contains("recover home by process"), "{words}");
    assert!(words.contains(" attach 2"), "{words}");
    // Nor does somebody with other memories.
    let third = ground.remembering(&ground.state().with_file_name("elsewhere"), &RECOVER).output();
    let third = third.unwrap();
    assert!(third.status.code() == Some(3) && said(&third).contains("somebody else is at it"), "{}", said(&third));
    let first = ended(ground, first);
    assert!(first.status.success(), "{}", said(&first));
    assert!(ground.marks().iter().zip(&marks).all(|(now, before)| now != before), "the first was not done");
}

/// A clock that is two years off, either way: that nobody could say whether it is right is told before the question. The same
/// name is given as there, or another one where nothing else stands in the way.
pub fn clock_off(ground: &dyn Ground, test: &str, confirm: &str, told: &[&str]) {
    let libraries =
        ["/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1", "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1"];
    let Some(library) = libraries.into_iter().find(|path| Path::new(path).exists()) else {
        return common::not_run(test, "libfaketime is not where it is looked for");
    };
    for off in ["+730d", "-730d"] {
        let mut command = ground.program(&["recover", "plan.yaml", "--confirm", confirm]);
        command.env("LD_PRELOAD", library).env("FAKETIME", off).env("DONT_FAKE_MONOTONIC", "1");
        refused(ground, command, told);
    }
}
