//! The day that a template may ask for.

use minijinja::{Error, ErrorKind};

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
        assert!(Date::FIXED.format("%Q").is_err());
        assert!(Date::FIXED.format("%").is_err());
        assert!(Date::FIXED.format(&"x".repeat(101)).is_err());
        for (year, month, day) in [(2023, 2, 29), (1900, 2, 29), (2023, 13, 1), (2023, 0, 1), (0, 1, 1), (2023, 4, 31)]
        {
            assert_eq!(Date::new(year, month, day), None);
        }
    }
}
