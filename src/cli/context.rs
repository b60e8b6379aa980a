//! What every subcommand has: where state lies, how to write, and how to complain.

use super::args::{Global, When};
use crate::model::Problem;
use crate::report::paint::Paint;
use crate::report::words;
use crate::sys::terminal::{self, Stream};
use crate::sys::{Look, files, host};
use std::io;
use std::path::{Path, PathBuf};

pub struct Context {
    pub look: Look,
    pub quiet: bool,
    pub verbose: bool,
    pub color: When,
    state_dir: Option<PathBuf>,
}

impl Context {
    pub fn new(global: &Global) -> Self {
        Self {
            look: Look::new(),
            quiet: global.quiet,
            verbose: global.verbose,
            color: global.color,
            state_dir: global.state_dir.clone(),
        }
    }

    /// The same, with another place for state.
    pub fn with_state(&self, state: &Path) -> Self {
        Self { state_dir: Some(state.to_owned()), ..*self }
    }

    /// Where runs are remembered, or `None` on a machine that does not say where its user lives.
    pub fn state_dir(&self) -> Option<PathBuf> {
        self.state_dir.clone().or_else(|| host::state_directory(self.look).map(|state| state.path))
    }

    pub fn required_state_dir(&self) -> Result<PathBuf, Problem> {
        let whose = host::state_directory(self.look).and_then(|state| state.sudo_user);
        if let (None, Some(user)) = (&self.state_dir, whose) {
            self.note(&format!("under sudo: runs are remembered with those of {user}"));
        }
        self.state_dir().ok_or_else(|| {
            Problem::usage("nobody says where runs are remembered: HOME and XDG_STATE_HOME are not set")
                .next("say it with --state-dir DIR")
        })
    }

    /// The plan that is meant: the one named, or the only one there is.
    pub fn plan_path(&self, named: Option<&Path>) -> Result<PathBuf, Problem> {
        if let Some(path) = named {
            return Ok(path.to_owned());
        }
        let folder = Path::new("plans");
        let names = files::names(self.look, folder)
            .map_err(|error| Problem::usage(format!("plans/: cannot be read: {error}")))?;
        let plans: Vec<String> = names.into_iter().filter(|name| name.ends_with(".yaml")).collect();
        match plans.as_slice() {
            [only] => Ok(folder.join(only)),
            [] => Err(Problem::usage("no plan is named, and there is no plans/*.yaml here")
                .next("name the plan, or go to the folder that holds plans/")),
            several => {
                let problem = Problem::usage("no plan is named, and there are several");
                let problem = several.iter().fold(problem, |problem, name| problem.because(format!("plans/{name}")));
                Err(problem.next("name the one that is meant"))
            }
        }
    }

    /// Colours where they are wanted and can be seen.
    pub fn paint(&self, stream: Stream) -> Paint {
        Paint(match self.color {
            When::Always => true,
            When::Never => false,
            When::Auto => {
                terminal::is_capable(self.look, stream)
                    && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
        })
    }

    /// Puts a text on stdout. A reader that has gone away has seen enough.
    pub fn print(&self, text: &str) -> Result<(), Problem> {
        self.printed(terminal::write(Stream::Out, text))
    }

    pub fn printed(&self, done: io::Result<()>) -> Result<(), Problem> {
        match done {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Problem::failed(format!("the output cannot be written: {error}")))
            }
            _ => Ok(()),
        }
    }

    /// Says something that people should know, beside what was asked for.
    pub fn note(&self, text: &str) {
        // Where nobody can be told there is nobody to tell that.
        let _ = terminal::write(Stream::Err, &format!("{}\n", words::visible(text)));
    }

    pub fn complain(&self, problem: &Problem) {
        let mut problem = problem.clone();
        problem.next.iter_mut().for_each(|next| *next = self.copyable(next));
        self.note(&problem.to_string());
    }

    /// A command of ours as it must be typed here: with the place for state that was named.
    pub fn copyable(&self, command: &str) -> String {
        match (&self.state_dir, command.strip_prefix("blackstart ")) {
            (Some(state), Some(words)) => {
                format!("blackstart --state-dir {} {words}", quoted(&state.to_string_lossy()))
            }
            (_, _) => command.to_owned(),
        }
    }
}

/// A word as a shell takes it back.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_word_is_quoted_only_where_a_shell_would_take_it_apart() {
        assert_eq!(quoted("plans/home-lab.yaml"), "plans/home-lab.yaml");
        assert_eq!(quoted("my plan.yaml"), "'my plan.yaml'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
