//! The only room that knows rdkafka: the client, the admin calls, errors in words. It does what it
//! is told and decides nothing.
