//! The cluster that a run builds, shared by its steps: made by one of them, used by the others, taken down at the end of a
//! drill. It is never a cluster that the run did not make.

use crate::sys::kube::Kube;
use crate::sys::sandbox::{About, Sandbox};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// What the run folder calls the file that says where its cluster is, so that a later process finds it again.
pub const FILE: &str = "target.json";

/// A cluster that answers.
pub struct Up {
    pub kube: Kube,
    pub about: About,
    /// Nobody named its nodes.
    pub nameless: bool,
}

impl Up {
    /// A path of the host as it is for this cluster: a sandbox has a host of its own.
    pub fn on_host(&self, path: &Path) -> PathBuf {
        self.about.host_root.join(path.strip_prefix("/").unwrap_or(path))
    }
}

/// Where the cluster will be, once it is.
#[derive(Default)]
pub struct Target {
    up: RefCell<Option<Rc<Up>>>,
    /// Held while the cluster shall live, where it is a child of this process.
    sandbox: RefCell<Option<Sandbox>>,
}

impl Target {
    pub fn is(&self, up: Up, sandbox: Option<Sandbox>) {
        *self.up.borrow_mut() = Some(Rc::new(up));
        *self.sandbox.borrow_mut() = sandbox;
    }
    pub fn up(&self) -> Option<Rc<Up>> {
        self.up.borrow().clone()
    }
    /// The cluster as a step needs it, or the words for that there is none.
    pub fn required(&self) -> Result<Rc<Up>, String> {
        self.up().ok_or_else(|| "there is no cluster: its step has not been verified in this run".to_owned())
    }
    /// Names the one cluster that this is: another has another.
    pub fn uid(&self) -> Option<String> {
        self.up.borrow().as_ref().map(|up| up.about.uid.clone())
    }
    pub fn leave(&self) -> (Option<Rc<Up>>, Option<Sandbox>) {
        (self.up.borrow_mut().take(), self.sandbox.borrow_mut().take())
    }
}
