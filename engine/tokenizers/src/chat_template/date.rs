//! The day that a template may ask for.

use minijinja::{Error, ErrorKind};
use std::str::FromStr;

/// A day of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
/// The longest format.
const MAX_FORMAT: usize = 100;

impl Date {
    /// 26 July 2024, what Llama 3's own template says where it cannot ask for the day.
    pub const FIXED: Self = Self { year: 2024, month: 7, day: 26 };

    /// A day of the years 1 to 9999; `None` if the calendar has no such day.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            2 => 28 + u8::from(leap),
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        ((1..=9999).contains(&year) && (1..=days).contains(&day)).then_some(Self { year, month, day })
    }

    /// The day in UTC that is `seconds` after the beginning of 1970; `None` beyond the year 9999.
    pub fn at_unix_time(seconds: u64) -> Option<Self> {
        // Years are counted from March, so that the leap day is the last; eras have 400 of them.
        let days = seconds / 86_400 + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let (month, next) = if shifted < 10 { (shifted + 3, 0) } else { (shifted - 9, 1) };
        let year = u16::try_from(era.checked_mul(400)?.checked_add(year_of_era)?.checked_add(next)?).ok()?;
        Self::new(year, u8::try_from(month).ok()?, u8::try_from(day).ok()?)
    }

    /// `strftime` of Python for midnight of the day.
    pub(super) fn format(self, format: &str) -> Result<String, Error> {
        let invalid = |reason: &str| Error::new(ErrorKind::InvalidOperation, format!("strftime_now: {reason}"));
        if format.len() > MAX_FORMAT {
            return Err(invalid("the format is too long"));
        }
        let month = MONTHS.get(usize::from(self.month) - 1).copied().unwrap_or_default();
        let mut out = String::new();
        let mut rest = format.chars();
        while let Some(character) = rest.next() {
            if character != '%' {
                out.push(character);
                continue;
            }
            let text = match rest.next() {
                Some('Y') => format!("{:04}", self.year),
                Some('y') => format!("{:02}", self.year % 100),
                Some('m') => format!("{:02}", self.month),
                Some('d') => format!("{:02}", self.day),
                Some('e') => format!("{:2}", self.day),
                Some('B') => month.to_owned(),
                Some('b' | 'h') => month.chars().take(3).collect(),
                Some('A') => self.weekday().to_owned(),
                Some('a') => self.weekday().chars().take(3).collect(),
                Some('F') => format!("{:04}-{:02}-{:02}", self.year, self.month, self.day),
                Some('H' | 'M' | 'S') => "00".to_owned(),
                Some('I') => "12".to_owned(),
                Some('p') => "AM".to_owned(),
                Some('%') => "%".to_owned(),
                // Without the leading zero, as the C library has it.
                Some('-') => match rest.next() {
                    Some('d') => self.day.to_string(),
                    Some('m') => self.month.to_string(),
                    _ => return Err(invalid("unknown directive")),
                },
                _ => return Err(invalid("unknown directive")),
            };
            out.push_str(&text);
        }
        Ok(out)
    }

    /// By Zeller's congruence: March is the first month of a year.
    fn weekday(self) -> &'static str {
        let (year, month) = if self.month < 3 { (self.year - 1, self.month + 12) } else { (self.year, self.month) };
        let (year, month, day) = (u32::from(year), u32::from(month), u32::from(self.day));
        let from_saturday = day + 13 * (month + 1) / 5 + year + year / 4 + year / 400 + 6 * (year / 100);
        WEEKDAYS.get(((from_saturday + 6) % 7) as usize).copied().unwrap_or_default()
    }
}

impl FromStr for Date {
    type Err = String;

    /// A day as `YYYY-MM-DD`.
    fn from_str(text: &str) -> Result<Self, String> {
        let malformed = || format!("'{text}' is no day: give YYYY-MM-DD, such as 2026-02-03");
        let parts: Vec<&str> = text.split('-').collect();
        let [year, month, day] = parts[..] else { return Err(malformed()) };
        if (year.len(), month.len(), day.len()) != (4, 2, 2) {
            return Err(malformed());
        }
        let number =
            |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<u16>().ok()).flatten();
        let (Some(year), Some(month), Some(day)) = (number(year), number(month), number(day)) else {
            return Err(malformed());
        };
        Self::new(year, month as u8, day as u8).ok_or_else(malformed)
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
        // Each day follows the one before, over a century that has no leap day at its end.
        let mut before = Date::at_unix_time(4_102_444_800 - 86_400).expect("a day");
        for number in 0..800u64 {
            let date = Date::at_unix_time(4_102_444_800 + number * 86_400).expect("a day");
            let next = Date::new(before.year, before.month, before.day + 1)
                .or_else(|| Date::new(before.year, before.month + 1, 1))
                .or_else(|| Date::new(before.year + 1, 1, 1));
            assert_eq!(Some(date), next);
            before = date;
        }
        assert_eq!(Date::at_unix_time(u64::MAX), None);
        for wrong in ["", "2026-2-3", "2026-02-30", "26-02-03", "2026-02-03-04", "+026-02-03", "2026/02/03"] {
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
