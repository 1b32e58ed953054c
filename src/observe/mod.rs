//! Gathers what is live: from a cluster, or from a snapshot file. It decides nothing.
