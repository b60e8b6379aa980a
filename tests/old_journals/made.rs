//! How the kept journals were made: by the real binary, then with everything taken out that tells where.

use crate::common::Lab;
use crate::living::{go_recover, kill_program, kill_runner, open, story, wait_at};
use blackstart::journal::{Did, Record, frame};
use serde_json::Value;

pub const NAMES: [&str; 5] = ["verified", "failed", "killed", "resumed", "accepted"];

pub const STEPS: &str = r#"
  - {id: fetch, kind: command, run: [./act, fetch], verify: [test, -e, world/fetch]}
  - {id: apply, kind: command, run: [./act, apply], verify: [test, -e, world/apply], needs: [fetch], repeatable: true, retries: 1}
  - {id: rehearse, kind: command, run: [./act, rehearse], verify: ["true"], needs: [fetch], only: drill}
  - {id: answer, kind: probe, run: [test, -e, world/there], needs: [apply, rehearse], timeout: 5s}
"#;

/// What `killed` was killed in. It is an input of its steps, so it stays as it is, to the byte.
pub const KILLED_IN: &str = "\
gate() { [ -e world/go-$1 ] || { : > world/at-$1; while [ ! -e world/go-$1 ]; do sleep 0.01; [ -d world ] || exit 9; done; }; }
gate before-$1
echo $1 >> world/effects
echo done > world/$1
gate after-$1
";

pub fn scripts(lab: &Lab) {
    lab.script("act", "echo $1 >> world/effects; : > world/$1\n");
}

pub fn journal_of(name: &str) -> Vec<u8> {
    let lab = Lab::new(STEPS);
    scripts(&lab);
    lab.write("world/there", "");
    match name {
        "verified" => drop(lab.recover().code(0)),
        "failed" => {
            lab.script("act", "[ $1 = apply ] && { echo copying; echo no room left >&2; exit 28; }\n: > world/$1\n");
            lab.recover().code(1);
        }
        "killed" | "resumed" => {
            lab.script("act", KILLED_IN);
            let going = go_recover(&lab);
            open(&lab, "before-fetch");
            open(&lab, "after-fetch");
            wait_at(&lab, "before-apply");
            kill_runner(&lab, going);
            kill_program(&lab, "apply");
            if name == "resumed" {
                open(&lab, "before-apply");
                open(&lab, "after-apply");
                lab.resume(&[]).code(0);
            }
        }
        "accepted" => {
            lab.script("act", "[ $1 = fetch ] && { echo no mirror answers; exit 1; }\n: > world/$1\n");
            lab.recover().code(1);
            lab.resume(&["--accept", "fetch"]).code(0);
        }
        other => panic!("no way is known to make {other}"),
    }
    let records = story(&lab).records;
    let place = std::fs::canonicalize(lab.folder.path()).unwrap().display().to_string();
    let Some(Record::Begin(begin)) = records.first() else { panic!("no head") };
    let clocks = (begin.t, begin.at.0);
    let mut told: Vec<Value> = records.iter().map(|record| serde_json::to_value(record).unwrap()).collect();
    told.iter_mut().for_each(|record| strip(record, clocks));
    let records: Vec<Record> = told
        .into_iter()
        .map(|record| serde_json::from_str(&record.to_string().replace(&lab.name, "homelab")).unwrap())
        .collect();
    set(&records, &place, "/plan")
}

/// A journal of these records with one path put for another.
pub fn set(records: &[Record], from: &str, to: &str) -> Vec<u8> {
    let mut bytes = frame::MAGIC.to_vec();
    for record in records {
        let text = serde_json::to_string(record).unwrap().replace(from, to);
        serde_json::from_str::<Record>(&text).unwrap();
        frame::put(&mut bytes, text.as_bytes());
    }
    bytes
}

/// The run began on 3 November 2026 at 02:11:07 UTC, on a machine that was up for a hundred seconds.
fn strip(record: &mut Value, clocks: (u64, i64)) {
    let Value::Object(fields) = record else { return };
    for (name, value) in fields.iter_mut() {
        match (name.as_str(), &mut *value) {
            ("t", value) => *value = (value.as_u64().unwrap() - clocks.0 + 100_000).into(),
            ("at", value) => *value = (value.as_i64().unwrap() - clocks.1 + 1_793_671_867_000).into(),
            ("boot", value) => *value = "8d9c1f0e-0000-4000-8000-000000000001".into(),
            ("host", value) => *value = "console".into(),
            ("pid", value) => *value = 4242.into(),
            ("started", value) => *value = 9000.into(),
            // A run's id stands in the commands that it ends with.
            ("next", Value::Array(list)) => {
                for line in list {
                    let words = line.as_str().unwrap().split(' ').map(|word| match word.get(10..11) {
                        Some("T") => "2026-11-03T02-11-07",
                        Some(_) | None => word,
                    });
                    *line = words.collect::<Vec<_>>().join(" ").into();
                }
            }
            (_, Value::Object(_)) => strip(value, clocks),
            (_, _) => {}
        }
    }
}

pub fn is_child(record: &Record) -> bool {
    matches!(record, Record::Step { did: Did::Child { .. }, .. })
}
