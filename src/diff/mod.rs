//! Facts: how desired and live differ. Pure, and without an opinion on what should follow.
