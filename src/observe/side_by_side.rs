//! Several environments at the same time.

use std::future::Future;

use futures_util::StreamExt;
use futures_util::stream;

/// How many clusters are spoken to at the same time.
const AT_ONCE: usize = 8;

/// Runs the futures side by side; their results come in the order given, whichever ends first.
pub async fn side_by_side<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    stream::iter(futures).buffered(AT_ONCE).collect().await
}
