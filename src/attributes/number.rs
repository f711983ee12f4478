//! Decimals as text: checked and compared without binary floating point.

use std::cmp::Ordering;

/// Powers of ten beyond which a number is refused.
const EXPONENT_MAX: i64 = 100_000;

/// A JSON number: `0.digits × 10^point`, digits without leading or trailing zeros.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    negative: bool,
    digits: Vec<u8>,
    point: i64,
}

impl Number {
    /// Reads the grammar of JSON; `None` for anything else.
    pub fn parse(text: &str) -> Option<Number> {
        let (negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (mantissa, None),
        };
        let all_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        if !all_digits(whole) || fraction.is_some_and(|f| !all_digits(f)) || (whole.len() > 1 && whole.starts_with('0')) {
            return None;
        }
        let written: Vec<u8> = whole.bytes().chain(fraction.unwrap_or_default().bytes()).collect();
        let zeros = written.iter().take_while(|d| **d == b'0').count();
        let mut digits: Vec<u8> = written.into_iter().skip(zeros).collect();
        while digits.last() == Some(&b'0') {
            digits.pop();
        }
        if digits.is_empty() {
            return Some(Number { negative: false, digits, point: 0 });
        }
        let point = i64::try_from(whole.len()).ok()? - i64::try_from(zeros).ok()? + exponent;
        Some(Number { negative, digits, point })
    }

    /// Bytes that sort as the numbers do.
    pub fn key(&self) -> Vec<u8> {
        let size = (self.point ^ i64::MIN).to_be_bytes().into_iter().chain(self.digits.iter().copied()).chain([0]);
        match self.sign() {
            0 => vec![1],
            1 => std::iter::once(2).chain(size).collect(),
            _ => std::iter::once(0).chain(size.map(|byte| !byte)).collect(),
        }
    }

    fn sign(&self) -> i8 {
        match (self.digits.is_empty(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }
}

fn read_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|e: &i64| e.abs() <= EXPONENT_MAX)
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        // An integer's text is always a JSON number.
        Number::parse(&value.to_string()).unwrap_or(Number { negative: false, digits: Vec::new(), point: 0 })
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let size = || self.point.cmp(&other.point).then_with(|| self.digits.cmp(&other.digits));
        self.sign().cmp(&other.sign()).then_with(|| match self.sign() {
            0 => Ordering::Equal,
            1 => size(),
            _ => size().reverse(),
        })
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_of_one_number_are_equal_and_others_are_none() {
        let n = |text| Number::parse(text).unwrap();
        assert_eq!(n("1.10"), n("11e-1"));
        assert_eq!(n("-0.0"), n("0"));
        assert_eq!(n("120"), n("1.2E+2"));
        assert!(n("9007199254740993") > n("9007199254740992"));
        assert!(n("-12").key() < n("-1.2").key() && n("-0.1").key() < n("0").key() && n("0").key() < n("0.12").key());
        assert!(n("-2") < n("-1.5") && n("0.09") < n("0.1") && n("9") < n("10"));
        for bad in ["", "-", "01", "1.", ".5", "+1", "1e", "1e999999999999", "0x1", "NaN", "1 ", "١"] {
            assert_eq!(Number::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn integers_and_decimals_order_as_numbers_do(a in any::<i64>(), b in any::<i64>(), x in -1e6..1e6_f64, y in -1e6..1e6_f64) {
            prop_assert_eq!(Number::from(a).cmp(&Number::from(b)), a.cmp(&b));
            let read = |v: f64| Number::parse(&format!("{v:?}")).unwrap();
            prop_assert_eq!(read(x).partial_cmp(&read(y)), x.partial_cmp(&y));
            prop_assert_eq!(read(x).key().cmp(&read(y).key()), read(x).cmp(&read(y)));
            prop_assert_eq!(Number::from(a).key().cmp(&Number::from(b).key()), a.cmp(&b));
        }
    }
}
