//! What happens in a world step by step. Each step does what a core asks for, or what a model carries.

mod answers;
mod calls;
mod commands;
mod group;
mod homes;
mod purchasing;
mod records;
mod reviewing;
mod shopping;
mod writing;
