//! Carries a plan out as it stands: batches, retries, verification. It emits events and gives a
//! report; it takes no decision that the plan has not taken, and knows no words and no terminal.
