//! Why a broker's certificate was refused: librdkafka's own error says that it was, and no more.

use std::ffi::{c_char, c_int, c_void};

use rdkafka_sys::bindings as sys;

use super::Owned;

/// What the line in librdkafka's log ends with, before OpenSSL's number for the reason.
pub(in crate::kafka) const REASON: &str = "x509 error ";

/// Makes librdkafka log OpenSSL's number for what is wrong with a certificate. What is accepted
/// stays as it is.
pub(super) fn explain(configuration: &Owned<sys::rd_kafka_conf_t>) {
    // SAFETY: the configuration is alive, and the function lives as long as the program.
    unsafe {
        sys::rd_kafka_conf_set_ssl_cert_verify_cb(configuration.object, Some(verify));
    }
}

/// Accepts what OpenSSL accepts, and puts its reason against the rest in words.
unsafe extern "C" fn verify(
    _client: *mut sys::rd_kafka_t,
    _broker_name: *const c_char,
    _broker_id: i32,
    x509_error: *mut c_int,
    _depth: c_int,
    _certificate: *const c_char,
    _length: usize,
    words: *mut c_char,
    words_length: usize,
    _opaque: *mut c_void,
) -> c_int {
    // SAFETY: librdkafka passes a number that lives through the call.
    let error = unsafe { *x509_error };
    if error == 0 {
        return 1;
    }
    let reason = format!("{REASON}{error}\0");
    if reason.len() <= words_length {
        // SAFETY: librdkafka's buffer has this length, and what is copied ends with a zero.
        unsafe { words.copy_from_nonoverlapping(reason.as_ptr().cast(), reason.len()) };
    }
    0
}
