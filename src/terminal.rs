//! The terminal: colour, width, prompts, progress and closed pipes.
