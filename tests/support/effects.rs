//! The proof that a program only looks: its system calls are recorded by strace, and each that could change anything is
//! told. Without strace nothing is proved, and that is written down instead of being passed over.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use super::golden::Host;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Calls that a preview never makes, whatever their arguments.
const NEVER: &[&str] = &[
    "accept",
    "accept4",
    "bind",
    "connect",
    "listen",
    "sendmmsg",
    "sendmsg",
    "sendto",
    "socket",
    "socketpair",
    "chmod",
    "chown",
    "copy_file_range",
    "creat",
    "execveat",
    "fallocate",
    "fchmod",
    "fchmodat",
    "fchmodat2",
    "fchown",
    "fchownat",
    "flock",
    "fork",
    "fsetxattr",
    "fsync",
    "ftruncate",
    "futimesat",
    "init_module",
    "io_uring_setup",
    "ioperm",
    "kill",
    "lchown",
    "link",
    "linkat",
    "lsetxattr",
    "mkdir",
    "mkdirat",
    "mknod",
    "mknodat",
    "mount",
    "open_tree",
    "pidfd_send_signal",
    "ptrace",
    "quotactl",
    "reboot",
    "removexattr",
    "rename",
    "renameat",
    "renameat2",
    "rmdir",
    "setxattr",
    "swapon",
    "symlink",
    "symlinkat",
    "sync",
    "syncfs",
    "truncate",
    "umount2",
    "unlink",
    "unlinkat",
    "utime",
    "utimensat",
    "utimes",
    "vfork",
];

/// The system calls of a program and of all that it starts, one a line. `None` when they cannot be recorded here, which is
/// added to the file that BLACKSTART_NOT_RUN names.
pub fn trace(program: &Path, args: &[&str], host: &Host) -> Option<String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-s", "64", "-o"]).arg(file.path()).arg("--").arg(program).args(args);
    command.env("HOME", host.home()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let why = match command.output() {
        Ok(output) => {
            let text = fs::read_to_string(file.path()).unwrap();
            if text.contains("execve(") {
                return Some(text);
            }
            format!("strace cannot trace here: {}", String::from_utf8_lossy(&output.stderr).trim())
        }
        Err(error) => format!("strace cannot be started: {error}"),
    };
    let line = format!("not run: the proof that a preview has no effect: {}\n", why.replace('\n', " "));
    eprint!("{line}");
    if let Some(path) = std::env::var_os("BLACKSTART_NOT_RUN") {
        let mut list = fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        list.write_all(line.as_bytes()).unwrap();
    }
    None
}

/// The lines of a trace that show a change of the world, or the way to one.
pub fn effects(trace: &str) -> Vec<String> {
    let mut started = 0;
    let mut found = Vec::new();
    for line in trace.lines() {
        let call = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
        let Some((name, rest)) = call.split_once('(') else { continue };
        let bad = match name {
            "open" | "openat" | "openat2" => ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND", "O_TMPFILE"]
                .iter()
                .any(|flag| rest.contains(flag)),
            // The first one is the program itself.
            "execve" => {
                started += 1;
                started > 1
            }
            // A thread is not a process.
            "clone" | "clone3" => !rest.contains("CLONE_THREAD"),
            // A page of a file that is shared and written to is a write.
            "mmap" => rest.contains("MAP_SHARED") && rest.contains("PROT_WRITE") && !rest.contains("MAP_ANONYMOUS"),
            _ => NEVER.contains(&name),
        };
        if bad {
            found.push(line.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOKS: &str = r#"
100 execve("/bin/blackstart", ["blackstart"], 0x7ffd /* 9 vars */) = 0
100 openat(AT_FDCWD, "/etc/ld.so.cache", O_RDONLY|O_CLOEXEC) = 3
100 clone3({flags=CLONE_VM|CLONE_FS|CLONE_THREAD, child_tid=0x1}, 88) = 101
101 write(1, "nothing was touched\n", 20) = 20
100 +++ exited with 0 +++
"#;

    #[test]
    fn a_trace_of_looks_has_no_effects_and_each_line_that_has_one_is_found() {
        assert_eq!(effects(LOOKS), Vec::<String>::new());
        for bad in [
            r#"100 execve("/bin/true", ["true"], 0x7ffd) = 0"#,
            r#"100 openat(AT_FDCWD, "x", O_WRONLY|O_CREAT|O_NOCTTY|O_NONBLOCK, 0666) = 3"#,
            r#"100 openat(AT_FDCWD, "x", O_RDWR|O_CLOEXEC) = -1 EACCES (Permission denied)"#,
            "100 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD) = 102",
            "100 clone3({flags=CLONE_VM|CLONE_VFORK, exit_signal=SIGCHLD}, 88 <unfinished ...>",
            "100 vfork() = 102",
            "100 socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0) = 3",
            r#"101 unlink("x") = 0"#,
            r#"101 mkdirat(AT_FDCWD, "x", 0777) = 0"#,
            r#"101 renameat2(AT_FDCWD, "x", AT_FDCWD, "y", 0) = 0"#,
        ] {
            assert_eq!(effects(&format!("{LOOKS}{bad}\n")), [bad], "not found");
        }
    }
}
