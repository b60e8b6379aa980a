//! Many things done side by side: whoever of the threads is free takes the next one.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Fewer files are read sooner than a thread begins.
const FEW: usize = 8;
const MOST_THREADS: usize = 8;

/// What comes of each, in their order.
pub fn each<I: Sync, T: Send>(of: &[I], work: impl Fn(&I) -> T + Sync) -> Vec<T> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS).min(of.len().div_ceil(FEW));
    let next = AtomicUsize::new(0);
    let some = || {
        let mut done = Vec::with_capacity(of.len() / threads.max(1));
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(one) = of.get(at) else { return done };
            done.push((at, work(one)));
        }
    };
    let mut done = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(some)).collect();
        let mut done = some();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, made)| made).collect()
}
