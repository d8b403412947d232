//! Passes against the sandbox: real HTTP, real state, and a look at what the catalog holds afterwards.

mod deletion;
mod desk;
mod faults;
mod order;
mod stage;
mod unchanged;
