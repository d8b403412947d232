//! The one integration binary.

mod apply;
mod bad_input;
#[cfg(unix)]
mod book;
mod catalog;
mod catalog_faults;
mod chart;
mod clean;
#[cfg(unix)]
mod commands;
mod config_show;
#[cfg(unix)]
mod cookbook;
mod deletion;
mod docs;
mod doctor;
mod entities;
mod examples;
mod expected;
mod faults;
mod fences;
mod fit;
mod gallery;
mod get;
mod init;
mod jq_corpus;
mod limits;
mod map_eval;
mod map_explain;
mod map_run;
mod map_test;
mod oncalls;
mod pass;
mod peer;
mod plan;
mod progress;
mod reach;
#[cfg(unix)]
mod recipes;
mod recording;
mod rehearsal;
mod schema;
#[cfg(unix)]
mod serve;
#[cfg(unix)]
mod service;
mod set_up;
#[cfg(unix)]
mod signals;
mod source;
mod source_faults;
mod start;
mod summary;
mod support;
mod tidy;
mod undo;
mod usage;
