//! Which numbers are meant: from one to another, both included.

use std::{ops::RangeInclusive, str::FromStr};

/// Numbers, as the command line names them: `A..B`, `A..`, `..B`, or `A` alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range(RangeInclusive<u64>);

impl Range {
    /// Returns the first and the last of them.
    pub fn ends(&self) -> RangeInclusive<u64> {
        self.0.clone()
    }
}

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |digits: &str, none: u64| match digits {
            "" => Some(none),
            _ => digits.strip_prefix('e').unwrap_or(digits).parse().ok(),
        };
        let found = match text.split_once("..") {
            Some((first, last)) => number(first, 0).zip(number(last, u64::MAX)),
            None => text.strip_prefix('e').unwrap_or(text).parse().ok().map(|only| (only, only)),
        };
        match found {
            Some((first, last)) if first <= last => Ok(Self(first..=last)),
            Some(_) => Err("the first number is larger than the last: swap them".to_owned()),
            None => Err("give A..B (both included), A.., ..B, or one number".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Range;

    #[track_caller]
    fn check(text: &str, expect: Option<(u64, u64)>) {
        let range = text.parse::<Range>().ok().map(|range| (*range.ends().start(), *range.ends().end()));
        assert_eq!(range, expect);
    }

    #[test]
    fn both_ends_are_included() {
        check("3..9", Some((3, 9)));
        check("e3..e9", Some((3, 9)));
        check("3..", Some((3, u64::MAX)));
        check("..9", Some((0, 9)));
        check("..", Some((0, u64::MAX)));
        check("7", Some((7, 7)));
        check("e7", Some((7, 7)));
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in ["", "9..3", "a..b", "3-9", "1..2..3", "e", "-1"] {
            check(text, None);
        }
    }
}
