//! Much work of one sort at once. How many questions are under way is bounded elsewhere; here it is only how much begins,
//! so that work that waits for something does not stand in the way of the rest.

use futures_util::stream::{StreamExt, iter};

const BEGUN: usize = 96;

/// Does this work for each item and returns what came of it, in the order of the items.
pub async fn many<'a, I, R>(items: &'a [I], work: impl AsyncFn(&'a I) -> R) -> Vec<R> {
    let work = &work;
    let begun = items.iter().enumerate().map(|(at, item)| async move { (at, work(item).await) });
    let mut done: Vec<(usize, R)> = iter(begun).buffer_unordered(BEGUN).collect().await;
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}
