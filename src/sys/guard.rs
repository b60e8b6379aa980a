//! What this process does for its own memory before anything else: it leaves no core file, and no other process of the
//! same user may look into it.

use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

/// The first act of the program. Where the kernel refuses, the rest is worth doing all the same.
pub fn close_memory() {
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    // Only the soft limit: a program of the plan that wants its core files may raise it again.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: getrlimit(Resource::Core).maximum });
}
