//! Feeds saved plans and snapshots to their readers: whatever a file holds, it is a plan or a snapshot
//! that reads back as the same, or an error with its place, and nothing panics or hangs.

#![no_main]

use libfuzzer_sys::fuzz_target;
use topicsmith::internals::live::snapshot::{self, LiveDocument};
use topicsmith::internals::model::document::json;
use topicsmith::internals::plan::Approval;
use topicsmith::internals::plan::approval::ApprovalError;

fuzz_target!(|text: &str| {
    let approval: Result<Approval, ApprovalError> = text.parse();
    if let Err(error) = approval {
        assert!(!error.to_string().is_empty());
    }
    match snapshot::parse(text) {
        Ok(live) => {
            let again = json(&LiveDocument::from(&live)).to_string();
            assert_eq!(snapshot::parse(&again), Ok(live));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
