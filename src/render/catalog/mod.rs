//! The catalogue's pages and its document: the model is `view::catalog`.

pub mod document;
mod html;
mod markdown;
mod words;

pub use html::html;
pub use markdown::markdown;

#[cfg(test)]
mod tests;
