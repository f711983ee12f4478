//! The attribute language.
