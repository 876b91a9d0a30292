//! What is wrong with a stream, as numbers and texts.

use alloc::string::{String, ToString};
use stllr_events::{ALLOWED, DecodeFault};

/// Where, in bytes from the begin of the stream.
pub fn offset(fault: Option<DecodeFault>) -> f64 {
    fault.map_or(0.0, |fault| fault.offset as f64)
}

/// What was found there.
pub fn found(fault: Option<DecodeFault>) -> String {
    split(fault).0
}

/// What is allowed there.
pub fn allowed(fault: Option<DecodeFault>) -> String {
    split(fault).1
}

fn split(fault: Option<DecodeFault>) -> (String, String) {
    let text = fault.map_or(String::new(), |fault| fault.kind.to_string());
    let (found, allowed) = text.split_once(ALLOWED).unwrap_or((&text, ""));
    (found.into(), allowed.into())
}
