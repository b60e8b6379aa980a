//! A cluster that ends under the run: noticed at once, not when the last question to it has gone unanswered for long enough.

use super::ending::Stopped;
use super::run::{Loop, Message};
use crate::sys::pace::Halt;
use crate::sys::sandbox;

impl Loop {
    /// From now on its end is told to the loop.
    pub(super) fn watch_cluster(&self) {
        let Some(up) = self.target.up() else { return };
        // Only what is a process here can be watched.
        let Some(about) = up.as_sandbox() else { return };
        let (life, words) = (sandbox::life(self.touch.look(), about), self.words.clone());
        tokio::task::spawn_local(async move {
            // One that cannot be watched has ended.
            if let Some(life) = life {
                drop(life.ended().await);
            }
            drop(words.send(Message::Lost));
        });
    }

    /// What runs waits for something that will never answer again.
    pub(super) fn lost(&mut self) {
        if matches!(self.stopped, Stopped::Journal(_)) {
            return;
        }
        self.stopped = Stopped::Lost;
        self.brake.pull(Halt::Now);
        self.notice(
            "the sandbox has ended under the run: nothing is left of what was done in it; see log/cluster.log".into(),
        );
    }
}
