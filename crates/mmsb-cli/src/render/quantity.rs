//! Numbers that people read.

/// Returns a number with its thousands apart: `543,106,672`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns a part of a whole: `10.9 %`.
pub fn percent(part: f64) -> String {
    format!("{:.1} %", part * 100.0)
}
