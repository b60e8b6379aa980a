//! A disk that is full or may not be written: nothing is claimed that did not happen, and with room the run goes on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod common;

use common::{Lab, TWO, Told, binary, not_run};
use std::process::{Command, Stdio};

/// A shell in a namespace of its own where file systems can be mounted; `None` where that is not permitted.
fn mounting(lab: &Lab, script: &str) -> Option<Told> {
    let like = lab.command(&[]);
    let able = |words: &[&str]| {
        let probe = "mount -t tmpfs none \"$1\" && umount \"$1\"";
        let mut command = Command::new("unshare");
        command.args(words).args(["sh", "-c", probe, "sh"]).arg(lab.path("world")).stdin(Stdio::null());
        command.output().is_ok_and(|output| output.status.success())
    };
    let words = [["-m"].as_slice(), &["-r", "-m"]].into_iter().find(|words| able(words))?;
    let mut command = Command::new("unshare");
    command.args(words).args(["sh", "-c", script, "sh", binary(), &lab.name]).current_dir(lab.folder.path());
    command.envs(like.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(Stdio::null());
    Some(Told::of(command.output().unwrap()))
}

#[test]
fn a_read_only_state_directory_is_refused_before_anything_is_begun() {
    let lab = Lab::new(TWO);
    let script = "mkdir state && mount -t tmpfs -o ro none state || exit 99\n\
                  \"$1\" recover plan.yaml --confirm \"$2\"; code=$?; umount state; exit $code";
    let Some(told) = mounting(&lab, script) else {
        return not_run("a_read_only_state_directory_is_refused_before_anything_is_begun", "mounting is not permitted");
    };
    told.code(6).says("state/blackstart").says("Read-only file system").says("--state-dir DIR");
    assert!(!lab.exists("world/one"));
    lab.nothing_is_left();
}

#[test]
fn a_full_disk_never_ends_as_done_and_with_room_the_run_goes_on() {
    let test = "a_full_disk_never_ends_as_done_and_with_room_the_run_goes_on";
    let step = |n: usize| {
        format!(
            "  - id: step-{n}\n    kind: command\n    repeatable: true\n    run: [sh, -c, 'echo {n}; touch world/{n}']\n    verify: [test, -e, world/{n}]\n{}",
            if n > 0 { format!("    needs: [step-{}]\n", n - 1) } else { String::new() }
        )
    };
    let steps: String = (0..8).map(step).collect();
    // Pages of 4 KiB that are left free when the run begins.
    let levels: &[u32] =
        if common::long() { &[0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16] } else { &[0, 1, 2, 4, 8, 12] };
    let mut outcomes = Vec::new();
    for free in levels {
        let lab = Lab::new(&steps);
        let script = format!(
            "exec 2>&1; mkdir state && mount -t tmpfs -o size=256k none state || exit 99\n\
             dd if=/dev/zero of=state/filler bs=4k count={} 2>/dev/null\n\
             \"$1\" recover plan.yaml --confirm \"$2\"; echo \"first $?\"\n\
             ls world > world.before\n\
             rm state/filler\n\
             \"$1\" status; \"$1\" resume; echo \"second $?\"\n\
             \"$1\" recover plan.yaml --confirm \"$2\"; echo \"third $?\"\n\
             umount state",
            // The root folder of a tmpfs takes none of its pages; the three folders of a run take none either.
            64 - free
        );
        let Some(told) = mounting(&lab, &script) else { return not_run(test, "mounting is not permitted") };
        let all = told.all();
        let code = |which: &str| {
            all.lines().find_map(|line| line.strip_prefix(which)).unwrap_or_else(|| panic!("{all}")).trim().to_owned()
        };
        let (first, second) = (code("first "), code("second "));
        let head = all.split("first ").next().unwrap();
        outcomes.push(format!("{free}:{first}/{second}"));
        match first.as_str() {
            // There was room for all of it.
            "0" => assert!(head.contains("is back"), "{all}"),
            "1" | "6" => {
                assert!(!head.contains("is back") && head.contains("No space left on device"), "{free}: {all}");
            }
            _ => panic!("{free} pages: exit {first}: {all}"),
        }
        // A run that never had a journal cannot go on; every other does, and a new one always can.
        assert!(second == "0" || (second == "2" && first != "1"), "{free}: {all}");
        if second == "2" && first == "6" {
            assert_eq!(lab.read("world.before"), "", "{free}: {all}");
        }
        assert_eq!(code("third "), "0", "{free}: {all}");
        lab.nothing_is_left();
    }
    println!("free pages:first exit/exit of resume: {}", outcomes.join(" "));
    assert!(outcomes.iter().any(|o| o.contains(":6/2")) && outcomes.iter().any(|o| o.ends_with("/0")), "{outcomes:?}");
}

#[test]
fn a_journal_that_finds_no_room_in_the_middle_ends_the_run_and_with_room_it_goes_on() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // These write no logs, so that the journal is what wants room.
    let steps: String =
        (0..60).map(|n| format!("  - id: ask-{n}\n    kind: probe\n    tcp: 127.0.0.1:{port}\n")).collect();
    let lab = Lab::new(&steps);
    let script = "exec 2>&1; mkdir state && mount -t tmpfs -o size=64k none state || exit 99\n\
                  dd if=/dev/zero of=state/filler bs=4k count=11 2>/dev/null\n\
                  \"$1\" recover plan.yaml --confirm \"$2\" --jobs 2; echo \"first $?\"\n\
                  \"$1\" attach; echo \"attach $?\"\n\
                  \"$1\" resume; echo \"full $?\"\n\
                  rm state/filler\n\
                  \"$1\" resume; echo \"second $?\"\n\
                  umount state";
    let Some(told) = mounting(&lab, script) else {
        return not_run("a_journal_that_finds_no_room_in_the_middle_ends_the_run", "mounting is not permitted");
    };
    let (head, rest) = told.out.split_once("first ").unwrap_or_else(|| panic!("{told:?}"));
    assert!(rest.starts_with("6\n"), "{told:?}");
    assert!(
        head.contains("✓ ask-") && head.contains("the journal cannot be written, so nothing more was begun"),
        "{head}"
    );
    assert!(head.contains("next   give it room, then:\n       blackstart resume 2"), "{head}");
    assert!(rest.contains("attach 5\n") && rest.contains("full 6\n"), "{rest}");
    assert!(rest.contains("second 0\n") && rest.contains("60 verified, 0 failed, 0 not run"), "{rest}");
    lab.nothing_is_left();
}
