//! Runs made by hand, as events: what the reports' tests and the browser's test are given.
#![allow(dead_code, reason = "each test file takes what it needs")]

use blackstart::model::event::{How, Lapse};
use blackstart::model::{Digest, Ending, Event, Mode, NotExercised, Outcome, RunId, Stamp, StepId, What};

/// Writes events one after another.
pub struct Run {
    pub events: Vec<Event>,
    /// What the wall clock is off from the run's own clock, in milliseconds.
    pub wall: i64,
    steps: Vec<(StepId, String)>,
    longest: Vec<StepId>,
    mode: Mode,
}

pub fn id(text: &str) -> StepId {
    StepId::new(text).unwrap()
}

pub fn ending(outcome: Outcome, seconds: f64, counts: (usize, usize, usize)) -> Ending {
    Ending {
        outcome,
        seconds,
        cpu_seconds: Some(0.25),
        goal_seconds: Some(1200.0),
        verified: counts.0,
        failed: counts.1,
        not_run: counts.2,
        not_exercised: Vec::new(),
        left: Vec::new(),
        next: Vec::new(),
    }
}

impl Run {
    pub fn new(mode: Mode, steps: &[(&str, &str)], longest: &[&str]) -> Run {
        let mut run = Run {
            events: Vec::new(),
            wall: 1_793_671_867_000,
            steps: steps.iter().map(|(step, sentence)| (id(step), (*sentence).to_owned())).collect(),
            longest: longest.iter().copied().map(id).collect(),
            mode,
        };
        run.head(0.0, false);
        run
    }
    pub fn say(&mut self, into: f64, what: What) -> &mut Run {
        self.events.push(Event {
            run: RunId::new("2026-11-03T02-11-07").unwrap(),
            seq: self.events.len() as u64 + 1,
            at: Stamp(self.wall + (into * 1000.0) as i64),
            into,
            what,
        });
        self
    }
    fn head(&mut self, into: f64, resumed: bool) -> &mut Run {
        let what = What::RunStarted {
            plan: "homelab".into(),
            mode: self.mode,
            digest: Digest::try_from("3f9a".repeat(16)).unwrap(),
            version: "0.1.0".into(),
            resumed,
            jobs: 4,
            goal_seconds: Some(1200.0),
            steps: self.steps.clone(),
            longest: self.longest.clone(),
            expected_seconds: Some(404.0),
        };
        self.say(into, what)
    }
    pub fn resume(&mut self, into: f64) -> &mut Run {
        self.head(into, true)
    }
    pub fn start(&mut self, into: f64, step: &str, attempt: u32) -> &mut Run {
        self.say(into, What::StepStarted { step: id(step), attempt, reason: "never run here".into() })
    }
    pub fn progress(&mut self, into: f64, step: &str, message: &str) -> &mut Run {
        self.say(into, What::StepProgress { step: id(step), message: message.into() })
    }
    pub fn verified(&mut self, into: f64, step: &str, seconds: f64, saw: &str) -> &mut Run {
        self.found(into, step, seconds, saw, How::Ran)
    }
    pub fn found(&mut self, into: f64, step: &str, seconds: f64, saw: &str, how: How) -> &mut Run {
        self.say(into, What::StepVerified { step: id(step), seconds, saw: saw.into(), how })
    }
    /// A step from its begin to its verify.
    pub fn whole(&mut self, from: f64, to: f64, step: &str, saw: &str) -> &mut Run {
        self.start(from, step, 1).verified(to, step, to - from, saw)
    }
    pub fn failed(
        &mut self,
        into: f64,
        step: &str,
        seconds: f64,
        lapse: Lapse,
        reason: &str,
        tail: &[&str],
    ) -> &mut Run {
        let tail = tail.iter().map(|line| (*line).to_owned()).collect();
        let log = format!("log/{step}.log");
        self.say(into, What::StepFailed { step: id(step), seconds, lapse, reason: reason.into(), tail, log })
    }
    pub fn skipped(&mut self, into: f64, step: &str, reason: &str) -> &mut Run {
        self.say(into, What::StepSkipped { step: id(step), reason: reason.into() })
    }
    pub fn not_run(&mut self, into: f64, step: &str, reason: &str) -> &mut Run {
        self.say(into, What::StepNotRun { step: id(step), reason: reason.into() })
    }
    pub fn notice(&mut self, into: f64, message: &str) -> &mut Run {
        self.say(into, What::Notice { message: message.into() })
    }
    pub fn end(&mut self, ending: Ending) -> &mut Run {
        let mode = self.mode;
        self.say(ending.seconds, What::RunFinished { mode, ending })
    }
}

const HOMELAB: [(&str, &str); 9] = [
    ("cluster", "delete and create k3d cluster homelab, 1 server, with registries.yaml (2 mirrors)"),
    ("namespaces", "apply 5 namespaces (2 restricted)"),
    ("storage", "1 class, 2 volumes on /srv, check label environment=prod"),
    ("sealed-secrets", "put back the sealing key, then the controller"),
    ("secrets", "seal 12 secrets with the new certificate, check each"),
    ("argocd", "install Argo CD and wait for its servers"),
    ("monitoring", "apply Prometheus and its rules"),
    ("workloads", "sync 24 applications, wait until every one is healthy"),
    ("tunnel", "start cloudflared and look from outside"),
];
const WAY: [&str; 5] = ["cluster", "sealed-secrets", "secrets", "argocd", "workloads"];

fn homelab(mode: Mode) -> Run {
    Run::new(mode, &HOMELAB, &WAY)
}

/// A drill in which all went well; one step needed a second attempt, one is not for drills.
pub fn success() -> Vec<Event> {
    let mut run = homelab(Mode::Drill);
    run.skipped(0.0, "tunnel", "a drill does not open the way in")
        .whole(0.1, 69.2, "cluster", "1 node Ready, 2 mirrors verified")
        .start(69.3, "namespaces", 1)
        .start(69.3, "storage", 1)
        .start(69.3, "sealed-secrets", 1)
        .verified(70.4, "namespaces", 1.1, "5 namespaces, labels as written")
        .verified(71.6, "storage", 2.3, "2/2 claims have exactly one volume")
        .start(71.7, "monitoring", 1)
        .verified(97.5, "sealed-secrets", 28.2, "certificate 3f9a… in the running controller")
        .whole(97.6, 100.9, "secrets", "12 sealed, 12 unsealed, values match")
        .start(101.0, "argocd", 1)
        .progress(150.0, "monitoring", "exit 1: the webhook does not answer; again in 5 s")
        .start(155.0, "monitoring", 2)
        .verified(212.0, "argocd", 111.0, "4/4 servers available")
        .start(212.1, "workloads", 1)
        .verified(290.2, "monitoring", 218.5, "12 targets up")
        .verified(389.5, "workloads", 177.4, "84/84 pods, 24/24 applications healthy")
        .notice(390.0, "torn down: 0 containers, 0 volumes, 0 networks left");
    let mut last = ending(Outcome::Verified, 391.0, (8, 0, 0));
    last.not_exercised = vec![NotExercised { step: id("tunnel"), reason: "a drill does not open the way in".into() }];
    last.next = vec!["blackstart history homelab".into()];
    run.end(last);
    run.events
}

fn until_secrets(run: &mut Run) -> &mut Run {
    run.whole(0.1, 69.2, "cluster", "1 node Ready, 2 mirrors verified")
        .start(69.3, "namespaces", 1)
        .start(69.3, "storage", 1)
        .start(69.3, "sealed-secrets", 1)
        .verified(70.4, "namespaces", 1.1, "5 namespaces, labels as written")
        .verified(71.6, "storage", 2.3, "2/2 claims have exactly one volume")
        .start(71.7, "monitoring", 1)
        .verified(97.5, "sealed-secrets", 28.2, "certificate 3f9a… in the running controller")
        .start(118.1, "secrets", 1)
        .verified(118.2, "monitoring", 46.5, "12 targets up")
        .failed(
            148.2,
            "secrets",
            30.1,
            Lapse::Failed,
            "2 of 12 failed",
            &[
                "networking/tunnel-token   controller: no key could decrypt secret (token)",
                "    sealed for namespace default, applied in networking: secrets/tunnel-token.yaml.age:4",
                "apps/jellyfin             key api-key is missing from the unsealed Secret",
            ],
        )
        .not_run(148.2, "argocd", "needs secrets")
        .not_run(148.2, "workloads", "needs argocd")
        .not_run(148.2, "tunnel", "needs secrets")
}

fn broken_end() -> Ending {
    let mut last = ending(Outcome::Failed, 148.3, (5, 1, 3));
    last.left = vec!["cluster homelab with 5 namespaces; nothing still runs".into()];
    last.next = vec!["blackstart resume 2026-11-03T02-11-07".into()];
    last
}

/// A recovery in which one step failed and three were never begun.
pub fn failure() -> Vec<Event> {
    let mut run = homelab(Mode::Recover);
    until_secrets(&mut run).end(broken_end());
    run.events
}

/// The failed recovery, taken up in the morning, cut off by a power failure, and taken up once more.
pub fn resumed() -> Vec<Event> {
    const MORNING: f64 = 30_600.0;
    const POWER: f64 = MORNING + 900.0;
    let kept = |run: &mut Run, from: f64| {
        for (i, step) in ["cluster", "namespaces", "storage", "sealed-secrets", "monitoring"].into_iter().enumerate() {
            run.found(from + 1.0 + i as f64, step, 0.8, "still there", How::Kept);
        }
    };
    let mut run = homelab(Mode::Recover);
    until_secrets(&mut run).end(broken_end()).resume(MORNING);
    kept(&mut run, MORNING);
    run.whole(MORNING + 6.0, MORNING + 9.4, "secrets", "12 sealed, 12 unsealed, values match")
        .start(MORNING + 9.5, "argocd", 1)
        .progress(MORNING + 58.0, "argocd", "2/4 servers available")
        .resume(POWER);
    kept(&mut run, POWER);
    run.found(POWER + 7.0, "secrets", 0.9, "12 unsealed, values match", How::Kept)
        .found(POWER + 31.0, "argocd", 24.0, "4/4 servers available", How::Adopted)
        .start(POWER + 31.1, "workloads", 1)
        .start(POWER + 31.1, "tunnel", 1)
        .found(POWER + 62.0, "tunnel", 30.9, "somebody@console: the tunnel answers", How::Accepted)
        .verified(POWER + 215.0, "workloads", 183.9, "84/84 pods, 24/24 applications healthy");
    let mut last = ending(Outcome::OverGoal, POWER + 216.0, (8, 0, 0));
    last.not_exercised =
        vec![NotExercised { step: id("tunnel"), reason: "accepted: somebody@console saw the tunnel answer".into() }];
    run.end(last);
    run.events
}

/// Text that would be something else than text, if it were let.
pub const HOSTILE: &str = "</script></pre><script>document.title='pwned'</script><img src=x onerror=alert(1)>|a`b``c|\"'&amp;\u{1b}[31mred\u{1b}[0m\u{7}\u{202e}\r\n| x | y |";

/// A run in which every text that can come from outside is hostile.
pub fn hostile() -> Vec<Event> {
    let mut run = Run::new(Mode::Drill, &[("one", HOSTILE), ("two", HOSTILE), ("three", HOSTILE)], &["one"]);
    run.whole(0.0, 1.0, "one", HOSTILE)
        .start(1.0, "two", 1)
        .failed(2.0, "two", 1.0, Lapse::Failed, HOSTILE, &[HOSTILE, HOSTILE])
        .skipped(2.0, "three", HOSTILE)
        .notice(2.0, HOSTILE)
        .resume(10.0)
        .found(11.0, "one", 1.0, HOSTILE, How::Kept)
        .start(11.0, "two", 1)
        .failed(12.0, "two", 1.0, Lapse::Unknown, HOSTILE, &[HOSTILE]);
    let mut last = ending(Outcome::Failed, 12.0, (1, 1, 0));
    last.left = vec![HOSTILE.into()];
    last.next = vec![HOSTILE.into()];
    last.not_exercised = vec![NotExercised { step: id("three"), reason: HOSTILE.into() }];
    run.end(last);
    for event in &mut run.events {
        if let What::RunStarted { plan, version, .. } = &mut event.what {
            HOSTILE.clone_into(plan);
            HOSTILE.clone_into(version);
        }
        if let What::StepFailed { log, .. } = &mut event.what {
            HOSTILE.clone_into(log);
        }
    }
    run.events
}

/// A run that was killed: the events just end.
pub fn killed() -> Vec<Event> {
    let mut events = success();
    events.truncate(16);
    events
}

/// Many steps over eight hands, by numbers that are the same each time; one in 97 fails.
pub fn many(number: usize) -> Vec<Event> {
    let names: Vec<(String, String)> =
        (0..number).map(|i| (format!("step-{i:04}"), format!("apply manifest {i} and wait for it"))).collect();
    let steps: Vec<(&str, &str)> = names.iter().map(|(name, told)| (name.as_str(), told.as_str())).collect();
    let way: Vec<&str> = steps.iter().step_by(11).map(|step| step.0).collect();
    let mut run = Run::new(Mode::Drill, &steps, &way);
    let mut hands = [0.0f64; 8];
    let mut told: Vec<(f64, f64, usize)> = Vec::new();
    for i in 0..number {
        let mut hand = 0;
        for other in 1..hands.len() {
            if hands[other] < hands[hand] {
                hand = other;
            }
        }
        let long = ((i * 7919) % 101) as f64 / 10.0 + if i % 23 == 0 { 25.0 } else { 0.3 };
        told.push((hands[hand], hands[hand] + long, i));
        hands[hand] += long;
    }
    let mut moments: Vec<(f64, bool, usize)> =
        told.iter().flat_map(|(from, to, i)| [(*from, false, *i), (*to, true, *i)]).collect();
    moments.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
    for (into, over, i) in moments {
        let (step, long) = (steps[i].0, told[i].1 - told[i].0);
        match (over, i % 97 == 96) {
            (false, _) => run.start(into, step, 1),
            (true, false) => run.verified(into, step, long, "1 object as written"),
            (true, true) => run.failed(into, step, long, Lapse::Failed, "exit 1", &["error: timed out"]),
        };
    }
    let all = hands.iter().copied().fold(0.0, f64::max);
    run.end(ending(if number >= 97 { Outcome::Failed } else { Outcome::Verified }, all, (number, 0, 0)));
    run.events
}
