//! Instants: RFC 3339 text in and out.

use prost_types::Timestamp;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Seconds since 1970 and the nanoseconds after them.
pub type Instant = (i64, i32);

/// Reads an `xsd:dateTime` with a time zone; two texts of one instant are equal.
pub fn parse(text: &str) -> Option<Instant> {
    let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    Some((moment.unix_timestamp(), i32::try_from(moment.nanosecond()).ok()?))
}

/// Writes an instant in UTC with microseconds, `2026-01-31T08:00:00.000001Z`; nothing outside the years 0 to 9999.
pub fn write(out: &mut Vec<u8>, at: &Timestamp) -> bool {
    let Ok(moment) = OffsetDateTime::from_unix_timestamp(at.seconds) else { return false };
    if !(0..=9999).contains(&moment.year()) {
        return false;
    }
    let micros = at.nanos.clamp(0, 999_999_999) / 1_000;
    let text = format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{micros:06}Z",
        moment.year(),
        u8::from(moment.month()),
        moment.day(),
        moment.hour(),
        moment.minute(),
        moment.second(),
    );
    out.extend_from_slice(text.as_bytes());
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_instant_in_two_zones_is_one_instant() {
        assert_eq!(parse("2026-01-31T09:30:00+01:30"), parse("2026-01-31T08:00:00.000Z"));
        assert_eq!(parse("1970-01-01T00:00:00.5Z"), Some((0, 500_000_000)));
        assert_eq!(parse("2026-01-31"), None);
        assert_eq!(parse(""), None);
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(seconds in -62_167_219_200_i64..253_402_300_800, micros in 0..1_000_000_i32) {
            let mut out = Vec::new();
            let written = write(&mut out, &Timestamp { seconds, nanos: micros * 1_000 });
            prop_assert!(written);
            prop_assert_eq!(parse(std::str::from_utf8(&out).unwrap()), Some((seconds, micros * 1_000)));
        }

        #[test]
        fn no_text_and_no_number_breaks_it(text in any::<String>(), seconds in any::<i64>(), nanos in any::<i32>()) {
            let _ = parse(&text);
            write(&mut Vec::new(), &Timestamp { seconds, nanos });
        }
    }
}
