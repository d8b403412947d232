//! The one integration binary.

mod examples;
mod jq_corpus;
mod tidy;
