//! What administrators expect around SCIM, row by row as `docs/capabilities.md` lists it. A comment `/// Row 16 (Infisical)`
//! above a story puts it into that line of the table; `tidy` holds the two together.

mod actions;
mod approval;
mod deprovision;
mod networks;
mod ownership;
mod setup;
mod takeover;
