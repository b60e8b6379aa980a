//! Whose identity opens the secrets: what was named, what the plan names, what the environment names, or the usual place.
//! Asked for its passphrase once.

use super::context::Context;
use crate::model::{Hidden, Problem};
use crate::plan::file::PlanFile;
use crate::sys::age::{self, Identities, Trouble};
use crate::sys::prompt::{self, Answer, Echo};
use crate::sys::{Look, files, host};
use std::io;
use std::path::{Path, PathBuf};

/// Where a person says which identity is theirs.
pub const VARIABLE: &str = "BLACKSTART_IDENTITY";

const LARGEST: u64 = 1 << 20;
const LONGEST_PASSPHRASE: u64 = 4096;

/// Where an identity is to be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    File(PathBuf),
    Descriptor(u32),
}

impl Source {
    /// As it is written: a path, or `fd:N`.
    fn parse(text: &str) -> Result<Self, Problem> {
        match text.strip_prefix("fd:") {
            None => Ok(Source::File(text.into())),
            Some(number) => number
                .parse()
                .map(Source::Descriptor)
                .map_err(|_| Problem::usage("an identity from a descriptor is written fd:N, as fd:3")),
        }
    }
    pub fn shown(&self) -> String {
        match self {
            Source::File(path) => files::tidy(path).display().to_string(),
            Source::Descriptor(number) => format!("fd:{number}"),
        }
    }
}

/// The one that a plan names: beside the plan, or with `~/` at home.
pub fn of_plan(look: Look, plan: &PlanFile) -> Option<PathBuf> {
    let (path, _) = plan.secrets.as_ref()?.identity.as_ref()?;
    let home = || host::home(look).map(|home| home.path);
    Some(match path.strip_prefix("~/").zip(home()) {
        Some((rest, home)) => home.join(rest),
        None => plan.folder().join(path),
    })
}

/// The identities that are meant, opened.
pub fn resolve(
    context: &Context,
    option: Option<&str>,
    plan: Option<&Path>,
    passphrase_fd: Option<u32>,
) -> Result<Identities, Problem> {
    let source = source(context, option, plan)?;
    let identities = open(context, &source, passphrase_fd)?;
    for wrong in exposed(context.look, &source) {
        context.note(&format!("{}: {}", source.shown(), wrong.0));
    }
    Ok(identities)
}

/// Which is meant: the option, else the plan's, else the environment's, else the usual place.
pub fn source(context: &Context, option: Option<&str>, plan: Option<&Path>) -> Result<Source, Problem> {
    if let Some(option) = option {
        return Source::parse(option);
    }
    if let Some(plan) = plan {
        return Ok(Source::File(plan.to_owned()));
    }
    if let Some(named) = host::said(context.look, VARIABLE) {
        return Source::parse(&named);
    }
    let home = host::config_directory(context.look).ok_or_else(|| {
        Problem::usage("nobody says where the identity is: HOME and XDG_CONFIG_HOME are not set")
            .next("name it with --identity FILE")
    })?;
    if let Some(user) = &home.sudo_user {
        context.note(&format!("under sudo: the identity is looked for with the settings of {user}"));
    }
    Ok(Source::File(home.path.join("identity.txt")))
}

/// Reads it, and asks for a passphrase where it wants one.
pub fn open(context: &Context, source: &Source, passphrase_fd: Option<u32>) -> Result<Identities, Problem> {
    let shown = source.shown();
    let text = match source {
        Source::File(path) => files::read(context.look, path, LARGEST).map(Hidden::new),
        Source::Descriptor(number) => prompt::read_descriptor(context.look, *number, LARGEST),
    };
    let text = text.map_err(|error| unread(&shown, &error))?;
    let refused = |trouble: &Trouble| Problem::refused(format!("the identity cannot be used: {shown}: {trouble}"));
    if !age::looks_like_age(text.reveal()) {
        return Identities::read(&text).map_err(|trouble| refused(&trouble));
    }
    if !age::wants_passphrase(text.reveal()) {
        // For someone else, or not whole: to open it tells which.
        let why = age::open_with_passphrase(text.reveal(), &Hidden::new(Vec::new())).err();
        return Err(refused(&why.unwrap_or(Trouble::Damaged)));
    }
    let passphrase = passphrase(context.look, &format!("passphrase of {shown}: "), passphrase_fd)?;
    let plain = age::open_with_passphrase(text.reveal(), &passphrase).map_err(|trouble| refused(&trouble))?;
    Identities::read(&plain).map_err(|trouble| refused(&trouble))
}

fn unread(shown: &str, error: &io::Error) -> Problem {
    let problem = Problem::refused(format!("the identity cannot be read: {shown}: {error}"));
    match error.kind() {
        io::ErrorKind::NotFound => {
            problem.next("name it with --identity FILE, or make one:").next("blackstart secrets init")
        }
        io::ErrorKind::InvalidInput => problem.next("a pipe is named by its descriptor: --identity fd:3 3< <(program)"),
        _ => problem.next("name one that can be read with --identity FILE"),
    }
}

/// From the descriptor, where one is named, else from a person.
pub fn passphrase(look: Look, question: &str, descriptor: Option<u32>) -> Result<Hidden, Problem> {
    if let Some(number) = descriptor {
        let text = prompt::read_descriptor(look, number, LONGEST_PASSPHRASE).map_err(|error| {
            Problem::refused(format!("the passphrase cannot be read from descriptor {number}: {error}"))
        })?;
        let line = text.reveal().split(|byte| *byte == b'\n').next().unwrap_or_default();
        return Ok(Hidden::new(line.strip_suffix(b"\r").unwrap_or(line).to_vec()));
    }
    asked(question)?.ok_or_else(|| {
        Problem::refused("the identity is protected, and there is no terminal to ask for its passphrase")
            .next("give it through a descriptor: --passphrase-fd 3 3< FILE")
    })
}

/// A line that a person types unseen; None where there is no terminal.
pub fn asked(question: &str) -> Result<Option<Hidden>, Problem> {
    match prompt::ask(question, Echo::Off) {
        Ok(Answer::Line(line)) => Ok(Some(line)),
        Ok(Answer::NoTerminal) => Ok(None),
        Ok(Answer::Nothing(why)) => Err(Problem::refused(format!("nothing was typed: {why}"))),
        Ok(Answer::Ended(signal)) => Err(Problem::new(
            crate::model::problem::Kind::Interrupted,
            format!("ended by {signal}; nothing was changed"),
        )),
        Err(error) => Err(Problem::failed(format!("the terminal cannot be used: {error}"))),
    }
}

/// Asked twice, so that a slip is not what is kept.
pub fn asked_twice(question: &str) -> Result<Option<Hidden>, Problem> {
    let Some(one) = asked(&format!("{question}: "))? else { return Ok(None) };
    match asked(&format!("{question}, again: "))? {
        Some(two) if one.same(&two) => Ok(Some(one)),
        Some(_) => Err(Problem::refused("the two are not the same; nothing was changed")),
        None => Ok(None),
    }
}

/// What is wrong with where an identity lies, and what to do about it.
pub fn exposed(look: Look, source: &Source) -> Vec<(String, String)> {
    let Source::File(path) = source else { return Vec::new() };
    let mut wrong = Vec::new();
    let tidy = files::tidy(path);
    let shown = tidy.display();
    if let Ok(Some(about)) = files::about(look, path) {
        if about.mode & 0o077 != 0 {
            let what = format!("the identity may be read by others (mode {:04o})", about.mode);
            wrong.push((what, format!("chmod 600 {shown}")));
        }
        let owners = [Some(host::user(look)), host::sudo_ids(look).map(|(user, _)| user)];
        if !owners.contains(&Some(about.user)) {
            let what = format!("the identity belongs to another user (number {})", about.user);
            wrong.push((what, format!("chown $(id -u) {shown}")));
        }
    }
    // A link at home may lead into one.
    let real = files::real(look, path).ok();
    if let Some(tree) = work_tree(look, path).or_else(|| work_tree(look, &real?)) {
        let what = format!("the identity lies in a git work tree ({})", tree.display());
        wrong.push((what, format!("mv {shown} ~/.config/blackstart/   # and if it was committed: a new one")));
    }
    wrong
}

/// The git work tree that a path lies in.
pub fn work_tree(look: Look, path: &Path) -> Option<PathBuf> {
    let path = files::absolute(look, path).ok()?;
    let folder = path.ancestors().skip(1).find(|folder| files::exists(look, folder))?;
    let folder = files::real(look, folder).ok()?;
    folder.ancestors().find(|folder| files::exists(look, &folder.join(".git"))).map(Path::to_owned)
}
