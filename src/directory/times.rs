//! Timestamps as callers give them: what the contract's own type holds, no more.

use super::{Error, Result};
use crate::{
    api::v1::ResourceMeta,
    clock::{Micros, micros},
    limits,
};
use prost_types::Timestamp;

/// A time that a caller gave, in microseconds since 1970.
///
/// # Errors
/// `INVALID_VALUE` with the field for one outside the years 1 to 9999, or whose nanos are no part of a second: no other program
/// could read it.
pub(super) fn given(field: &str, time: Option<&Timestamp>) -> Result<Option<Micros>> {
    let Some(time) = time else { return Ok(None) };
    if limits::TIMESTAMP_SECONDS.contains(&time.seconds) && limits::TIMESTAMP_NANOS.contains(&time.nanos) {
        return Ok(Some(micros(time)));
    }
    Err(Error::value(field, format!("{field} is no time of the years 1 to 9999, with nanos from 0 to 999,999,999.")))
}

/// Whether the times of a resource that comes from elsewhere can be kept.
///
/// # Errors
/// As [`given`]'s.
pub(super) fn check_meta(meta: Option<&ResourceMeta>) -> Result<()> {
    let Some(meta) = meta else { return Ok(()) };
    given("meta.create_time", meta.create_time.as_ref())?;
    given("meta.update_time", meta.update_time.as_ref())?;
    given("meta.delete_time", meta.delete_time.as_ref())?;
    given("meta.purge_time", meta.purge_time.as_ref())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_one_that_every_program_can_read() {
        let at = |seconds, nanos| Timestamp { seconds, nanos };
        for fits in [at(0, 0), at(-62_135_596_800, 0), at(253_402_300_799, 999_999_999)] {
            assert_eq!(given("t", Some(&fits)), Ok(Some(micros(&fits))));
        }
        for odd in [at(-62_135_596_801, 0), at(253_402_300_800, 0), at(1 << 62, 0), at(0, -1), at(0, 1_000_000_000), at(0, i32::MAX)] {
            assert!(given("t", Some(&odd)).is_err(), "{odd:?}");
        }
        assert_eq!(given("t", None), Ok(None));
    }
}
