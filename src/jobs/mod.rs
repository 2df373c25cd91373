//! Jobs: what a command does, made of passes.

mod auto;

pub use auto::{ChooseOptions, Chosen, choose};
