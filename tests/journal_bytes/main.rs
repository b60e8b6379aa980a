//! Journals that end anywhere, are damaged anywhere, lost what was not synced, or hold whatever records there can be.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../common/mod.rs"]
mod common;
mod flips;
#[path = "../living/mod.rs"]
mod living;
mod loss;
mod prefixes;
mod walk;

use common::Lab;
use std::path::PathBuf;
use std::sync::Mutex;

const STEPS: &str = r#"
  - {id: one,   kind: command, run: [./act, one],   verify: [grep, -qx, done, world/one]}
  - {id: two,   kind: command, run: [./act, two],   verify: [grep, -qx, done, world/two], needs: [one], repeatable: true}
  - {id: three, kind: command, run: [./act, three], verify: [grep, -qx, done, world/three], needs: [two]}
"#;
const IDS: [&str; 3] = ["one", "two", "three"];

/// A plan that was run to its end, with the journal that was left.
struct Done {
    lab: Lab,
    run: PathBuf,
    journal: Vec<u8>,
}

fn done() -> Done {
    let lab = Lab::new(STEPS);
    lab.script("act", "echo $1 >> world/effects\necho done > world/$1\n");
    lab.recover().code(0);
    let run = lab.runs()[0].clone();
    let journal = std::fs::read(run.join("journal")).unwrap();
    Done { lab, run, journal }
}

impl Done {
    /// The world as it is after these effects, each once, and a journal of these bytes.
    fn set(&self, effects: &[&str], journal: &[u8]) {
        std::fs::remove_dir_all(self.lab.path("world")).unwrap();
        std::fs::create_dir(self.lab.path("world")).unwrap();
        for id in effects {
            self.lab.write(&format!("world/{id}"), "done\n");
        }
        self.lab.write("world/effects", &effects.iter().map(|id| format!("{id}\n")).collect::<String>());
        std::fs::write(self.run.join("journal"), journal).unwrap();
    }
    fn there(&self) -> Vec<&'static str> {
        IDS.into_iter().filter(|id| self.lab.read(&format!("world/{id}")) == "done\n").collect()
    }
    fn counts(&self) -> [usize; 3] {
        IDS.map(|id| living::effects(&self.lab, id))
    }
    fn folder(&self) -> String {
        self.run.display().to_string()
    }
}

/// Does something for each of these, on a few threads with a run of their own each; gives what went wrong.
fn each<T: Send + Copy>(all: Vec<T>, point: impl Fn(&Done, T) -> Result<(), String> + Sync) -> Vec<String> {
    let (queue, wrong) = (Mutex::new(all.into_iter()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let done = done();
                loop {
                    let Some(next) = queue.lock().unwrap().next() else { return };
                    if let Err(why) = point(&done, next) {
                        wrong.lock().unwrap().push(why);
                    }
                }
            });
        }
    });
    wrong.into_inner().unwrap()
}
