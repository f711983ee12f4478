//! The house's rules, read from the sources: who may use whom, how long a file may be, where SQL stands, what the contract says.

mod capabilities;
mod contract;
mod manual;
mod migrations;
mod proofs;
mod reference;
mod requirements;
mod rooms;
mod source;
mod text;
