//! One plan, one report, one set of findings → many formats.
