//! The one integration binary.

mod jq_corpus;
mod tidy;
