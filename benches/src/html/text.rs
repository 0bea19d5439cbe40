//! Text of the page: escaping, marks, numbers, dates.

const DAY_SECONDS: u64 = 86_400;

/// Takes from a text everything that a browser would read as more than text.
pub fn escape(text: &str) -> String {
    let letter = |letter: char| match letter {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#39;".to_owned(),
        other => other.to_string(),
    };
    text.chars().map(letter).collect()
}

/// Returns a check or a cross.
pub const fn mark(passed: bool) -> &'static str {
    if passed {
        "<span class=\"mark pass\">&#10003;</span>"
    } else {
        "<span class=\"mark fail\">&#10007;</span>"
    }
}

/// Says a number with about as many digits as are worth reading.
pub fn number(value: f64) -> String {
    match value.abs() {
        large if large >= 1e4 => grouped(value.round() as i64),
        middle if middle >= 100.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// Writes commas between thousands.
fn grouped(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let grouped: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|part| str::from_utf8(part).unwrap_or_default()).collect();
    format!("{}{}", if value < 0 { "-" } else { "" }, grouped.join(","))
}

/// Says the day of a moment, given in seconds since 1970.
pub fn date(seconds: u64) -> String {
    // Years begin in March here, so that a leap day is a year's last.
    let days = seconds / DAY_SECONDS + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = era * 400 + year + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02}")
}
