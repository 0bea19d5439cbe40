//! Bytes as hexadecimal digits.

use std::fmt::Write as _;

const ROW_BYTES: usize = 16;

/// Returns two lower-case digits a byte.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Returns rows of offset, 16 bytes and their ASCII; equal rows after the first are one `*`.
pub fn dump(bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut last: Option<&[u8]> = None;
    let mut starred = false;
    for (index, row) in bytes.chunks(ROW_BYTES).enumerate() {
        let repeats = last == Some(row);
        if !repeats {
            push_row(&mut text, index * ROW_BYTES, row);
        } else if !starred {
            text.push_str("*\n");
        }
        (last, starred) = (Some(row), repeats);
    }
    let _ = write!(text, "{:08x}", bytes.len());
    text
}

fn push_row(text: &mut String, offset: usize, row: &[u8]) {
    let _ = write!(text, "{offset:08x} ");
    for half in row.chunks(ROW_BYTES / 2) {
        half.iter().for_each(|byte| {
            let _ = write!(text, " {byte:02x}");
        });
        text.push(' ');
    }
    let width = 9 + ROW_BYTES * 3 + 2;
    let printed = 9 + row.len() * 3 + row.len().div_ceil(ROW_BYTES / 2);
    text.extend(std::iter::repeat_n(' ', width - printed));
    text.push('|');
    text.extend(row.iter().map(|&byte| if (b' '..=b'~').contains(&byte) { char::from(byte) } else { '.' }));
    text.push_str("|\n");
}
