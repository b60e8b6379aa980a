//! How much of hostile files is read. All files together share one budget, so that many of them are bounded as one is.

use std::sync::atomic::{AtomicUsize, Ordering};

/// No file is larger. The largest that people keep, definitions of whole products, have 5 MiB.
pub const LARGEST_FILE: u64 = 16 << 20;
/// Values nested deeper than this: the deepest real definitions have about 60.
pub const DEEPEST: usize = 200;
/// Values that aliases (`*name`, `<<`) may add to a document.
pub const COPIES: usize = 100_000;
/// Bytes of text that aliases may add to a document.
pub const COPIED: usize = 8 << 20;

/// A value takes about 60 bytes of memory.
const VALUES: usize = 4_000_000;
const BYTES: usize = 256 << 20;

/// What is left for the files that are still to be read.
pub struct Budget {
    values: AtomicUsize,
    bytes: AtomicUsize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { values: AtomicUsize::new(VALUES), bytes: AtomicUsize::new(BYTES) }
    }
}

impl Budget {
    /// Takes as many bytes of files, or says that they are too many.
    pub fn bytes(&self, count: usize) -> Result<(), String> {
        take(&self.bytes, count).ok_or_else(|| format!("all files together have more than {} MiB", BYTES >> 20))
    }
    fn values(&self, count: usize) -> Result<(), String> {
        take(&self.values, count).ok_or_else(|| format!("all files together have more than {VALUES} values"))
    }
}

/// What one reader took from the budget and has not yet read: the common count is not asked for each value.
pub struct Purse<'b> {
    budget: &'b Budget,
    left: usize,
}

impl<'b> Purse<'b> {
    const HANDFUL: usize = 1024;

    pub fn new(budget: &'b Budget) -> Self {
        Self { budget, left: 0 }
    }
    /// Pays for a value.
    pub fn one(&mut self) -> Result<(), String> {
        if self.left == 0 {
            self.budget.values(Self::HANDFUL)?;
            self.left = Self::HANDFUL;
        }
        self.left -= 1;
        Ok(())
    }
}

impl Drop for Purse<'_> {
    fn drop(&mut self) {
        self.budget.values.fetch_add(self.left, Ordering::Relaxed);
    }
}

fn take(left: &AtomicUsize, count: usize) -> Option<()> {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(count)).ok().map(drop)
}
