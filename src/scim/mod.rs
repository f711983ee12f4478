//! The SCIM façade.
pub mod remote;
