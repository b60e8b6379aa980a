//! The watcher outside: a drill tells it that it began and how it ended, and nobody else learns the address.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Lab, Told};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// What makes the address a secret: whoever knows it can say that all is well.
const KEY: &str = "0d5ca1ab1e-7e57-4a11-b0b5-5ec2e7000001";

const GOOD: &str = "
  - id: one
    kind: command
    run: [touch, world/one]
    verify: [test, -e, world/one]
    drill: run
  - {id: two, kind: probe, run: [sh, -c, 'env; test -e world/one'], needs: [one]}
";
const BAD: &str = "  - {id: one, kind: command, run: ['false'], verify: ['false'], drill: run}\n";
const CIRCLE: &str = "  - {id: one, kind: probe, run: [date], needs: [one]}\n";

/// A check in the manner of Healthchecks, of which every request is told: method, path, and what was sent.
struct Watcher {
    port: u16,
    heard: Receiver<(String, String)>,
}

fn answer(stream: TcpStream, status: &str, heard: &Sender<(String, String)>) {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    if reader.read_line(&mut first).unwrap_or(0) == 0 {
        return;
    }
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let said = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    reader.into_inner().write_all(said.as_bytes()).unwrap();
    let words: Vec<&str> = first.split(' ').collect();
    heard.send((format!("{} {}", words[0], words[1]), String::from_utf8(body).unwrap())).unwrap();
}

impl Watcher {
    fn new(status: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tell, heard) = channel();
        // It ends with the test.
        std::thread::spawn(move || listener.incoming().flatten().for_each(|stream| answer(stream, status, &tell)));
        Self { port, heard }
    }
    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/{KEY}", self.port)
    }
    /// All that was heard so far. The drill has ended, and waited for each answer.
    fn all(&self) -> Vec<(String, String)> {
        std::iter::from_fn(|| self.heard.recv_timeout(Duration::from_millis(200)).ok()).collect()
    }
}

/// Nothing that is written or said may have the key in it.
#[track_caller]
fn nobody_learned_it(lab: &Lab, told: &Told) {
    told_nowhere(&told.all());
    fn walk(folder: &Path, seen: &mut usize) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, seen);
            } else {
                let bytes = std::fs::read(&path).unwrap();
                assert!(!bytes.windows(KEY.len()).any(|window| window == KEY.as_bytes()), "in {}", path.display());
                *seen += 1;
            }
        }
    }
    let mut seen = 0;
    walk(lab.folder.path(), &mut seen);
    assert!(seen > 0);
}

#[track_caller]
fn told_nowhere(text: &str) {
    assert!(!text.contains(KEY), "{text}");
}

fn path(end: &str) -> String {
    format!("POST /{KEY}{end}")
}

#[test]
fn a_drill_tells_that_it_began_and_that_it_went_well() {
    let (lab, watcher) = (Lab::new(GOOD), Watcher::new("200 OK"));
    let told = lab.run(&["drill", "plan.yaml", "--ping", &watcher.url()]).code(0);
    assert_eq!(watcher.all(), [(path("/start"), String::new()), (path(""), "exit 0".to_owned())]);
    let run = lab.runs().pop().unwrap();
    for name in ["journal", "report.html", "report.md", "report.json", "log/one.log", "log/two.log"] {
        assert!(run.join(name).exists(), "{name} is not there, so nothing is said about it");
    }
    nobody_learned_it(&lab, &told);
}

#[test]
fn a_drill_that_failed_says_so_and_so_does_one_that_was_refused_or_never_begun() {
    for (steps, code) in [(BAD, 1), (CIRCLE, 3), ("  - nothing\n", 2)] {
        let (lab, watcher) = (Lab::new(steps), Watcher::new("200 OK"));
        let told = lab.run(&["drill", "plan.yaml", "--ping", &watcher.url()]).code(code);
        let heard = watcher.all();
        assert_eq!(heard.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>(), [path("/start"), path("/fail")]);
        assert!(!heard[1].1.is_empty(), "why it failed is not told: {heard:?}");
        nobody_learned_it(&lab, &told);
    }
}

#[test]
fn the_address_may_stand_in_the_environment_and_no_program_of_a_step_gets_it() {
    let (lab, watcher) = (Lab::new(GOOD), Watcher::new("200 OK"));
    let mut command = lab.command(&["drill", "plan.yaml", "-v"]);
    let told = Told::of(command.env("BLACKSTART_PING", watcher.url()).output().unwrap()).code(0);
    assert_eq!(watcher.all().len(), 2);
    // The second step printed its environment into its log.
    let log = lab.runs().pop().unwrap().join("log/two.log");
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("BLACKSTART_STEP=two") && !log.contains("BLACKSTART_PING"), "{log}");
    nobody_learned_it(&lab, &told);
}

#[test]
fn a_watcher_that_does_not_listen_makes_no_drill_red_and_is_told_without_its_address() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let deaf = Watcher::new("404 Not Found");
    for (url, why) in [(format!("http://127.0.0.1:{gone}/{KEY}"), "refused"), (deaf.url(), "it answered 404")] {
        let lab = Lab::new(GOOD);
        let told = lab.run(&["drill", "plan.yaml", "--ping", &url]).code(0);
        let told = told.says("the ping that this drill has begun was not heard").says(why);
        assert_eq!(told.err.matches("was not heard").count(), 2, "{}", told.err);
        nobody_learned_it(&lab, &told);
    }
}

#[test]
fn what_is_no_address_is_refused_without_being_repeated() {
    let lab = Lab::new(GOOD);
    for bad in [format!("hc-ping.example.org/{KEY}"), format!("ftp://hc-ping.example.org/{KEY}"), KEY.to_owned()] {
        let told = lab.run(&["drill", "plan.yaml", "--ping", &bad]).code(2).says("http:// or https://");
        told_nowhere(&told.all());
    }
    assert!(lab.runs().is_empty());
    told_nowhere(&lab.run(&["drill", "--help"]).code(0).all());
}

#[test]
fn an_address_in_the_environment_does_not_keep_a_drill_from_being_reaped() {
    let (lab, watcher) = (Lab::new(GOOD), Watcher::new("200 OK"));
    lab.script("blackstart-sandbox", "exit 9");
    let mut command = lab.command(&["drill", "--reap"]);
    command.env("BLACKSTART_PING", watcher.url()).env("BLACKSTART_SANDBOX", lab.path("blackstart-sandbox"));
    Told::of(command.output().unwrap()).code(0).says("0 sandboxes removed");
    assert!(watcher.all().is_empty());
}
