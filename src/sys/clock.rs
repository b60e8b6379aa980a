//! The clocks: one that people read and that may jump, one that only goes forward while this machine is up.

use crate::model::Stamp;
use rustix::time::{ClockId, clock_gettime};
use std::time::{SystemTime, UNIX_EPOCH};

/// Now, as people tell the time.
pub fn now() -> Stamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Stamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Milliseconds since this machine was started, sleep included. The same for every process, and never set back.
pub fn uptime() -> u64 {
    let at = clock_gettime(ClockId::Boottime);
    let whole = u64::try_from(at.tv_sec).unwrap_or_default();
    whole * 1000 + u64::try_from(at.tv_nsec).unwrap_or_default() / 1_000_000
}

/// Seconds of processor time that this process has used, without what it has started.
pub fn spent() -> f64 {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    spent.tv_sec as f64 + spent.tv_nsec as f64 / 1e9
}

/// Lets time go by.
pub async fn pause(span: std::time::Duration) {
    tokio::time::sleep(span).await;
}

/// What comes within this span, or nothing. Only for work that may be dropped at any point.
pub async fn within<T>(span: std::time::Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(span, work).await.ok()
}
