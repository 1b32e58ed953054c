//! Concurrent work on several environments.

use std::future::Future;

use futures_util::StreamExt;
use futures_util::stream;

/// Maximum concurrent clusters.
const AT_ONCE: usize = 8;

/// Runs the futures concurrently; results are in the given order.
pub async fn side_by_side<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    stream::iter(futures).buffered(AT_ONCE).collect().await
}
