//! Kind `command`: a program on this host, told apart from a shell line by being a list, proved by a second program.

use super::contract::{Kind, Mishap, Seen, Work};
use super::fields::{Fields, shown};
use super::keys::{Key, Shape};
use super::scene::{Scene, words};
use crate::model::digest::Digester;
use crate::model::{Digest, EntryName, Mode};
use crate::secrets::store::Held;
use crate::sys::pace::Halt;
use crate::sys::process::Given;
use crate::sys::{Look, files, memory, process};
use std::path::Path;
use std::time::Duration;

pub const NAME: &str = "command";
pub const DOC: &str = "Runs a program on this host, and a second one that proves it.";
pub const KEYS: &[Key] = &[
    Key::required("run", Shape::Argv, "The program and its arguments. There is no shell."),
    Key::required("verify", Shape::Argv, "The program that proves it: exit 0 when it is done, any other when not."),
    Key::optional("env", Shape::Env, "Variables for both programs, as literal values."),
    Key::optional("stdin", Shape::Entry, "A value of the store that `run` reads from its standard input."),
    Key::optional("files", Shape::Entries, "Values of the store as files in memory, for each of its programs."),
    Key::optional("undo", Shape::Argv, "The program that takes it back when a drill is torn down."),
    Key::optional("repeatable", Shape::Bool, "Whether it may be done twice (default: false)."),
    Key::optional(
        "drill",
        Shape::WordOrArgv(&["skip", "run"]),
        "What a drill does instead: nothing (default), the same, or this program.",
    ),
];

/// A script longer than this is not taken into the digest of the inputs.
const SCRIPT: u64 = 16 << 20;

enum Drill {
    Skip,
    Run,
    Instead(Vec<String>),
}

struct Command {
    run: Vec<String>,
    verify: Vec<String>,
    env: Vec<(String, String)>,
    stdin: Option<EntryName>,
    /// By the variable that tells the path of the file.
    files: Vec<(String, EntryName)>,
    /// What of these the store does not have.
    missing: Vec<String>,
    /// The keyed digests of those it has: another value is another input.
    values: Vec<String>,
    /// Empty where there is nothing to take back.
    undo: Vec<String>,
    repeatable: bool,
    drill: Drill,
}

pub fn read(fields: &mut Fields<'_, '_>) -> Option<Box<dyn Kind>> {
    let of = "a command step";
    let there = [fields.require(KEYS, "run", of), fields.require(KEYS, "verify", of)];
    let (run, verify, env) = (fields.argv("run"), fields.argv("verify"), fields.env("env"));
    let stdin = fields.read("stdin", "a value of the store", EntryName::read);
    let files = entries(fields, &env);
    let undo = fields.argv("undo").unwrap_or_default();
    let repeatable = fields.flag("repeatable").unwrap_or(false);
    let drill = drill(fields);
    match (run, verify, there) {
        (Some(run), Some(verify), [true, true]) => {
            let (missing, values) = (Vec::new(), Vec::new());
            Some(Box::new(Command { run, verify, env, stdin, files, missing, values, undo, repeatable, drill }))
        }
        _ => None,
    }
}

fn entries(fields: &mut Fields<'_, '_>, env: &[(String, String)]) -> Vec<(String, EntryName)> {
    let at = fields.value_at("files").unwrap_or(fields.at);
    let mut files = Vec::new();
    for (variable, text) in fields.env("files") {
        match EntryName::read(&text) {
            _ if env.iter().any(|(name, _)| *name == variable) => {
                fields.faults.add(at, format!("`files`: `{variable}` stands under `env` too: take another name"));
            }
            Ok(entry) => files.push((variable, entry)),
            Err(why) => fields.faults.add(at, format!("`files: {variable}`: `{}` {why}", shown(&text))),
        }
    }
    files
}

fn drill(fields: &mut Fields<'_, '_>) -> Drill {
    use crate::sys::yaml::Body;
    let Some(entry) = fields.take("drill") else { return Drill::Skip };
    match &entry.value.body {
        Body::Scalar(text, _) if text == "skip" => Drill::Skip,
        Body::Scalar(text, _) if text == "run" => Drill::Run,
        Body::Scalar(..) | Body::Map(_) => {
            let want = "wants skip, run, or a list, [program, argument]";
            let what = match &entry.value.body {
                Body::Scalar(text, _) if !text.is_empty() => format!("`{}`", shown(text)),
                Body::Scalar(..) | Body::List(_) | Body::Map(_) => entry.value.kind().to_owned(),
            };
            fields.faults.add(entry.value.at, format!("`drill` {want}, and here is {what}"));
            Drill::Skip
        }
        Body::List(_) => fields.argv_of("drill", entry.value).map_or(Drill::Skip, Drill::Instead),
    }
}

impl Command {
    /// What a program is handed of the store.
    fn given(&self, scene: &Scene<'_>, reads: bool) -> Result<Given, String> {
        let mut given = Given::default();
        let file = |entry: &EntryName| {
            let value = scene.opened()?.value(scene.touch.look(), entry).map_err(|problem| problem.to_string())?;
            memory::holding(scene.touch, &value).map_err(|error| format!("{entry}: no file in memory: {error}"))
        };
        if let Some(entry) = self.stdin.as_ref().filter(|_| reads) {
            given.stdin = Some(file(entry)?);
        }
        for (variable, entry) in &self.files {
            given.files.push((variable.clone(), file(entry)?));
        }
        Ok(given)
    }

    async fn act(&self, scene: &Scene<'_>, argv: &[String], reads: bool) -> Result<(), Mishap> {
        let given = self.given(scene, reads).map_err(|why| Mishap::failed(why, false))?;
        scene.act(argv, &self.env, given).await
    }

    async fn ask(&self, scene: &Scene<'_>) -> Seen {
        match self.given(scene, false) {
            Ok(given) => scene.ask(&self.verify, &self.env, given).await,
            Err(why) => Seen::Unknown(why),
        }
    }

    fn argv(&self, mode: Mode) -> &[String] {
        match (mode, &self.drill) {
            (Mode::Drill, Drill::Instead(argv)) => argv,
            (Mode::Recover, _) | (Mode::Drill, Drill::Skip | Drill::Run) => &self.run,
        }
    }
}

impl Kind for Command {
    fn name(&self) -> &'static str {
        NAME
    }
    fn summary(&self, mode: Mode) -> String {
        format!("run {}, prove it by {}", words(self.argv(mode)), words(&self.verify))
    }
    fn reaches(&self, mode: Mode) -> String {
        format!("whatever {} does on this host", words(self.argv(mode)))
    }
    fn absent_in(&self, mode: Mode) -> Option<String> {
        match (mode, &self.drill) {
            (Mode::Drill, Drill::Skip) => Some("drill: skip".to_owned()),
            (Mode::Drill, Drill::Run | Drill::Instead(_)) | (Mode::Recover, _) => None,
        }
    }
    fn wants_cluster(&self) -> bool {
        false
    }
    fn wants_store(&self) -> bool {
        self.stdin.is_some() || !self.files.is_empty()
    }
    fn equip(&mut self, held: &[Held]) {
        let digest = |entry: &EntryName| {
            let held = held.iter().find(|held| held.namespace == entry.namespace && held.name == entry.name);
            held.and_then(|held| held.keys.get(&entry.key)).map(|(_, digest)| digest.clone())
        };
        let named: Vec<&EntryName> = self.stdin.iter().chain(self.files.iter().map(|(_, entry)| entry)).collect();
        let missing = named.iter().filter(|entry| digest(entry).is_none()).map(ToString::to_string).collect();
        (self.values, self.missing) = (named.iter().filter_map(|entry| digest(entry)).collect(), missing);
    }
    fn lacks(&self) -> &[String] {
        &self.missing
    }
    fn repeatable(&self) -> bool {
        self.repeatable
    }
    fn deadline(&self) -> Duration {
        Duration::from_secs(600)
    }
    fn stops_at(&self) -> Halt {
        // Half of it may be done: a program that changes the world is let to its end unless a person insists.
        Halt::Now
    }
    fn inputs(&self, look: Look, folder: &Path) -> Result<Digest, String> {
        let mut digest = Digester::new("command");
        let lists = [self.run.as_slice(), self.verify.as_slice()];
        let drill: &[String] = match &self.drill {
            Drill::Instead(argv) => argv,
            Drill::Skip | Drill::Run => &[],
        };
        for argv in lists.into_iter().chain([drill]) {
            digest.add(&(argv.len() as u64).to_le_bytes());
            argv.iter().for_each(|word| digest.add(word.as_bytes()));
            // A script of the repository is an input as much as its arguments are; a program of the system is not ours.
            let script = argv.first().filter(|program| program.contains('/') && !program.starts_with('/'));
            if let Some(program) = script {
                match files::read(look, &process::program_path(folder, program), SCRIPT) {
                    Ok(bytes) => digest.add(&bytes),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => digest.add(b"absent"),
                    Err(error) => return Err(format!("{program}: {error}")),
                }
            }
        }
        for (name, value) in &self.env {
            digest.add(name.as_bytes());
            digest.add(value.as_bytes());
        }
        for (name, entry) in
            self.files.iter().map(|(name, entry)| (name.as_str(), entry)).chain(self.stdin.iter().map(|e| ("", e)))
        {
            digest.add(name.as_bytes());
            digest.add(entry.to_string().as_bytes());
        }
        self.values.iter().for_each(|value| digest.add(value.as_bytes()));
        Ok(digest.finish())
    }
    fn unproven(&self, _: &Scene<'_>) -> Vec<String> {
        Vec::new()
    }
    fn programs(&self, mode: Mode) -> Vec<&str> {
        let undo = self.undo.first().filter(|_| mode == Mode::Drill);
        [self.argv(mode).first(), self.verify.first(), undo].into_iter().flatten().map(String::as_str).collect()
    }
    fn look<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Seen> {
        Box::pin(self.ask(scene))
    }
    fn touch<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Result<(), Mishap>> {
        Box::pin(self.act(scene, self.argv(scene.mode), true))
    }
    fn verify<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Seen> {
        Box::pin(self.ask(scene))
    }
    fn undo<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Result<Option<String>, Mishap>> {
        Box::pin(async {
            if self.undo.is_empty() {
                return Ok(None);
            }
            self.act(scene, &self.undo, false).await.map(|()| Some(words(&self.undo)))
        })
    }
}
