//! The one integration binary.

mod docs;
mod examples;
mod jq_corpus;
mod tidy;
