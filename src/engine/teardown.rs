//! The end of a drill: what it made is taken down, or left standing with its deadline, and then it is looked whether
//! anything is left. What is left without a reason makes the drill red.

use super::ending::Stopped;
use super::run::Loop;
use super::task::Around;
use crate::model::time::spoken;
use crate::model::{Mode, NotExercised, State};
use crate::steps::cluster;
use crate::steps::contract::Mishap;
use crate::steps::target::Up;
use crate::sys::pace::Halt;
use crate::sys::sandbox::{self, Sandbox};
use crate::sys::{files, net, procfs};
use std::ffi::OsString;
use std::rc::Rc;
use std::time::Duration;

/// How long the cluster of a drill stays when the drill failed, or was told to keep it.
pub const KEPT: Duration = Duration::from_secs(3600);
/// How long a sandbox stays that was recovered.
pub const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// How long one thing may take to be taken back.
const PATIENCE: Duration = Duration::from_secs(120);

/// What became of what the drill had made.
#[derive(Debug, Default)]
pub struct Torn {
    /// What a run in this cluster does not show, although all its steps were verified.
    pub unproven: Vec<NotExercised>,
    /// What is left, in words.
    pub left: Vec<String>,
    /// Something is left that nobody wanted to keep, or could not be taken back.
    pub failed: bool,
    /// What to do with what was kept.
    pub next: Vec<String>,
}

impl Loop {
    pub(super) async fn tear_down(&mut self) -> Torn {
        let mut torn = Torn { unproven: self.unproven(), ..Torn::default() };
        if self.planned.mode == Mode::Recover {
            // What was recovered is there to stay; a sandbox stays as long as one may.
            if let Some(up) = self.target.up() {
                let (_, sandbox) = self.target.leave();
                self.keep(&up, sandbox, LONGEST, &mut torn);
            }
            return torn;
        }
        let whole = self.stopped == Stopped::No && self.all_well();
        let (up, sandbox) = match (whole && !self.wishes.keep, self.target.up()) {
            (true, _) => {
                self.take_back(&mut torn).await;
                self.target.leave()
            }
            (false, Some(_)) if self.stopped == Stopped::Lost => self.target.leave(),
            (false, Some(up)) => {
                let (_, sandbox) = self.target.leave();
                self.keep(&up, sandbox, KEPT, &mut torn);
                return torn;
            }
            (false, None) => {
                self.take_back_half(&mut torn).await;
                return torn;
            }
        };
        if let Some(up) = up {
            self.remove(&up, sandbox, &mut torn).await;
        }
        torn
    }

    fn all_well(&self) -> bool {
        let bad = [State::Failed, State::Unknown, State::Stopped, State::Waiting];
        bad.into_iter().all(|state| self.board.count(state) == 0)
    }

    fn unproven(&self) -> Vec<NotExercised> {
        let steps = self.planned.order.iter().copied().filter(|step| self.board.state(*step) == State::Verified);
        let mut unproven = Vec::new();
        for at in steps {
            let step = &self.planned.file.steps[at];
            let scene = self.around().scene(step, &|_, _| {}, &|_| {}, &|_| {});
            let said = step.kind.unproven(&scene).into_iter();
            unproven.extend(said.map(|reason| NotExercised { step: step.id.clone(), reason }));
        }
        unproven
    }

    fn around(&self) -> Around<'_> {
        // Taking back goes on whatever stopped the steps, but not for ever.
        let pace = self.last_brake.pace(PATIENCE, Halt::Now);
        let (touch, folder, run) = (&self.touch, &self.folder, &self.opened.run);
        Around {
            touch,
            folder,
            run,
            mode: self.planned.mode,
            pace,
            target: &self.target,
            usual: None,
            vault: self.vault.as_deref(),
        }
    }

    /// Runs what steps say that takes them back, the last one first.
    async fn take_back(&mut self, torn: &mut Torn) {
        let planned = self.planned.clone();
        for at in planned.order.iter().rev().copied() {
            if self.board.state(at) != State::Verified {
                continue;
            }
            let step = &planned.file.steps[at];
            let undone = {
                let scene = self.around().scene(step, &|_, _| {}, &|_| {}, &|_| {});
                step.kind.undo(&scene).await
            };
            match undone {
                Ok(None) => {}
                Ok(Some(said)) => self.notice(format!("{} taken back: {said}", step.id)),
                Err(Mishap::Failed { reason, .. } | Mishap::Stopped { reason }) => {
                    torn.failed = true;
                    torn.left.push(format!("{}: could not be taken back: {reason}", step.id));
                }
            }
        }
    }

    /// Takes back a cluster that was not made to its end: it is of use to nobody, and nobody is told of it by its name.
    async fn take_back_half(&mut self, torn: &mut Torn) {
        let planned = self.planned.clone();
        let half =
            |at: &&usize| planned.file.steps[**at].kind.name() == cluster::NAME && self.board.may_be_half_done(**at);
        let Some(at) = planned.order.iter().find(half).copied() else { return };
        let step = &planned.file.steps[at];
        let undone = {
            let scene = self.around().scene(step, &|_, _| {}, &|_| {}, &|_| {});
            step.kind.undo(&scene).await
        };
        match undone {
            Ok(None) => {}
            Ok(Some(said)) => self.notice(format!("{} taken back: {said}", step.id)),
            Err(Mishap::Failed { reason, .. } | Mishap::Stopped { reason }) => {
                torn.failed = true;
                torn.left.push(format!("{}: could not be taken back: {reason}", step.id));
            }
        }
    }

    fn keep(&mut self, up: &Rc<Up>, sandbox: Option<Sandbox>, span: Duration, torn: &mut Torn) {
        let Some(about) = up.as_sandbox() else { return self.keep_made(up, torn) };
        let (name, own) = (&about.name, sandbox.is_some());
        if let Some(Err(error)) = sandbox.map(|sandbox| sandbox.keep(&self.touch, span)) {
            // It did not hear that it is to stay, so it ends with us.
            self.notice(format!("sandbox {name} cannot be kept: {error}"));
            return;
        }
        let until = match (own, sandbox::living(self.touch.look(), &about.dir).and_then(|about| about.deadline)) {
            (false, Some(deadline)) => format!("at {deadline}"),
            (true, _) | (false, None) => format!("in {}", spoken(span)),
        };
        torn.left.push(format!("sandbox {name}, which ends by itself {until}"));
        torn.next = vec![
            format!("kubectl --kubeconfig {} get pods -A", about.kubeconfig.display()),
            "blackstart drill --reap   # removes it now".to_owned(),
        ];
    }

    /// Ends the cluster, and looks whether it is gone.
    async fn remove(&mut self, up: &Up, sandbox: Option<Sandbox>, torn: &mut Torn) {
        // Any other was taken back by its step.
        let Some(about) = up.as_sandbox() else { return };
        let mut ended = match sandbox {
            Some(sandbox) => sandbox.down(&self.touch).await.map(|_| ()),
            None => Ok(()),
        };
        // Somebody else's child, or one that was killed and could not clear up.
        if files::exists(self.touch.look(), &about.dir) {
            ended = match sandbox::find(self.touch.look()) {
                Ok(program) => {
                    let words = [OsString::from("down"), about.dir.clone().into()];
                    sandbox::ask(self.touch.look(), &program, &words).await.map(|_| ())
                }
                Err(why) => Err(std::io::Error::other(why)),
            };
        }
        if let Err(error) = ended {
            torn.failed = true;
            torn.left.push(format!("sandbox {}: could not be ended: {error}", about.name));
        }
        let look = self.touch.look();
        let processes = procfs::everything_of(look, &self.opened.run.to_string_lossy(), &about.dir.to_string_lossy());
        let folders: Vec<_> = [&about.dir].into_iter().filter(|dir| files::exists(look, dir)).collect();
        let address = about.server.trim_start_matches("https://").to_owned();
        let ports: Vec<_> = match net::connect(look, &address).await {
            Ok(()) => vec![address],
            Err(_) => Vec::new(),
        };
        let counts = (processes.len(), folders.len(), ports.len());
        let left = processes.into_iter().map(|(pid, line)| format!("process {pid}: {line}"));
        let left = left.chain(folders.into_iter().map(|folder| format!("folder {}", folder.display())));
        torn.left.extend(left.chain(ports.into_iter().map(|port| format!("port {port} still answers"))));
        let (processes, folders, ports) = counts;
        torn.failed |= processes + folders + ports > 0;
        let plural = |count: usize, one: &str, more: &str| format!("{count} {}", if count == 1 { one } else { more });
        self.notice(format!(
            "torn down: {}, {}, {} left",
            plural(processes, "process", "processes"),
            plural(folders, "folder", "folders"),
            plural(ports, "port", "ports"),
        ));
    }

    /// A cluster that is no child of anybody stays until it is removed.
    fn keep_made(&self, up: &Up, torn: &mut Torn) {
        if self.planned.mode == Mode::Recover {
            return;
        }
        torn.left.push(format!("cluster {}", up.name));
        torn.next = vec![
            format!("kubectl --kubeconfig {} get pods -A", up.kubeconfig.display()),
            "blackstart drill --reap   # removes it now".to_owned(),
        ];
    }
}
