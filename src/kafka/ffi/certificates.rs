//! The reason why a broker's certificate is rejected, which librdkafka's own error does not
//! contain.

use std::ffi::{c_char, c_int, c_void};

use rdkafka_sys::bindings as sys;

use super::Owned;

/// The end of librdkafka's log line before OpenSSL's error code.
pub(in crate::kafka) const REASON: &str = "x509 error ";

/// Makes librdkafka log OpenSSL's error code of a rejected certificate. Verification itself does
/// not change.
pub(super) fn explain(configuration: &Owned<sys::rd_kafka_conf_t>) {
    // SAFETY: the configuration is alive, and the function lives as long as the program.
    unsafe {
        sys::rd_kafka_conf_set_ssl_cert_verify_cb(configuration.object, Some(verify));
    }
}

/// Accepts what OpenSSL accepts, and otherwise writes OpenSSL's error code as the reason.
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
    // SAFETY: librdkafka passes a pointer that is valid through the call.
    let error = unsafe { *x509_error };
    if error == 0 {
        return 1;
    }
    let reason = format!("{REASON}{error}\0");
    if reason.len() <= words_length {
        // SAFETY: librdkafka's buffer has this length, and the copied text ends with a zero.
        unsafe { words.copy_from_nonoverlapping(reason.as_ptr().cast(), reason.len()) };
    }
    0
}
