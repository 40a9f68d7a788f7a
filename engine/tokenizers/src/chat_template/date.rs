//! The day that a template may ask for.

use chrono::{DateTime, Datelike, NaiveDate};
use minijinja::{Error, ErrorKind};
use std::str::FromStr;

/// A day of the Gregorian calendar, of the years 1 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date(NaiveDate);

/// The longest format.
const MAX_FORMAT: usize = 100;

impl Date {
    /// 26 July 2024, what Llama 3's own template says where it cannot ask for the day.
    pub const FIXED: Self = match NaiveDate::from_ymd_opt(2024, 7, 26) {
        Some(day) => Self(day),
        // When this is compiled.
        None => panic!("the calendar has no such day"),
    };

    /// A day of the years 1 to 9999; `None` if the calendar has no such day.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        Self::of(NaiveDate::from_ymd_opt(year.into(), month.into(), day.into())?)
    }

    /// The day in UTC that is `seconds` after the beginning of 1970; `None` beyond the year 9999.
    pub fn at_unix_time(seconds: u64) -> Option<Self> {
        Self::of(DateTime::from_timestamp(seconds.try_into().ok()?, 0)?.date_naive())
    }

    fn of(day: NaiveDate) -> Option<Self> {
        (1..=9999).contains(&day.year()).then_some(Self(day))
    }

    /// `strftime` of Python for midnight of the day.
    pub(super) fn format(self, format: &str) -> Result<String, Error> {
        let invalid = |reason: &str| Error::new(ErrorKind::InvalidOperation, format!("strftime_now: {reason}"));
        if format.len() > MAX_FORMAT {
            return Err(invalid("the format is too long"));
        }
        let mut out = String::new();
        let mut rest = format.chars();
        while let Some(character) = rest.next() {
            if character != '%' {
                out.push(character);
                continue;
            }
            // Directives that Python has too, and that mean the same there.
            let text = match rest.next() {
                Some(name @ ('Y' | 'y' | 'm' | 'd' | 'e' | 'B' | 'b' | 'h' | 'A' | 'a' | 'F')) => {
                    self.0.format(&format!("%{name}")).to_string()
                }
                Some('H' | 'M' | 'S') => "00".to_owned(),
                Some('I') => "12".to_owned(),
                Some('p') => "AM".to_owned(),
                Some('%') => "%".to_owned(),
                // Without the leading zero, as the C library has it.
                Some('-') => match rest.next() {
                    Some('d') => self.0.day().to_string(),
                    Some('m') => self.0.month().to_string(),
                    _ => return Err(invalid("unknown directive")),
                },
                _ => return Err(invalid("unknown directive")),
            };
            out.push_str(&text);
        }
        Ok(out)
    }
}

impl FromStr for Date {
    type Err = String;

    /// A day as `YYYY-MM-DD`.
    fn from_str(text: &str) -> Result<Self, String> {
        // The parser takes shorter numbers and signs too.
        let is_plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| is_plain).and_then(Self::of);
        day.ok_or_else(|| format!("'{text}' is no day: give YYYY-MM-DD, such as 2026-02-03"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_written_as_python_writes_them() {
        let format = |date: Date, format: &str| date.format(format).expect("a known format");
        assert_eq!(format(Date::FIXED, "%d %b %Y, %A %H:%M:%S %%"), "26 Jul 2024, Friday 00:00:00 %");
        let leap = Date::new(2000, 2, 29).expect("a leap year");
        assert_eq!(format(leap, "%a %F %y/%-m/%-d %B"), "Tue 2000-02-29 00/2/29 February");
        let first = Date::new(2023, 1, 1).expect("a day");
        assert_eq!(format(first, "%A %e %B"), "Sunday  1 January");
        for (seconds, day) in [
            (0, "1970-01-01"),
            (86_399, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_767_225_599, "2025-12-31"),
            (4_107_542_400, "2100-03-01"),
        ] {
            let date = Date::at_unix_time(seconds).expect("a day");
            assert_eq!((format(date, "%F").as_str(), Ok(date)), (day, day.parse()));
        }
        assert_eq!(Date::at_unix_time(u64::MAX), None);
        for wrong in [
            "",
            "2026-2-3",
            "2026-02-30",
            "26-02-03",
            "2026-02-03-04",
            "+026-02-03",
            "-026-02-03",
            "2026/02/03",
            "0000-01-01",
        ] {
            assert!(wrong.parse::<Date>().is_err(), "{wrong}");
        }
        assert!(Date::FIXED.format("%Q").is_err());
        assert!(Date::FIXED.format("%").is_err());
        assert!(Date::FIXED.format(&"x".repeat(101)).is_err());
        for (year, month, day) in [(2023, 2, 29), (1900, 2, 29), (2023, 13, 1), (2023, 0, 1), (0, 1, 1), (2023, 4, 31)]
        {
            assert_eq!(Date::new(year, month, day), None);
        }
    }
}
