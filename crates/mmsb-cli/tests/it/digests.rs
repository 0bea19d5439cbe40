//! Lists of digests.

use mmsb_cli::sqlite::{CommitDigest, parse_digests};

const DIGEST: &str = "00ff000000000000000000000000000000000000000000000000000000000a0B";

/// Parses a list and tells how many lines it has, or why it is none.
#[track_caller]
fn check(text: &str, expect: &str) {
    let told = parse_digests(text).map_or_else(|error| error.to_string(), |lines| lines.len().to_string());
    assert_eq!(told, expect);
}

#[test]
fn a_line_gives_number_pages_and_digest() {
    let mut sha256 = [0; 32];
    (sha256[1], sha256[30], sha256[31]) = (0xff, 0x0a, 0x0b);
    let lines = parse_digests(&format!("7 27 {DIGEST}\n")).expect("it parses");
    assert_eq!(lines, [CommitDigest { index: 7, pages_after: 27, sha256 }]);
}

#[test]
fn a_line_that_is_none_is_named() {
    check(&format!("0 1 {DIGEST}\n\n1 1 {DIGEST}\n"), "2");
    let told = |line| format!("digest list, line {line}: expected \"number pages sha256\"");
    check(&format!("0 1 {DIGEST}\n1 1\n"), &told(2));
    check(&format!("0 1 {}\n", &DIGEST[2..]), &told(1));
    check(&format!("0 1 {DIGEST} more\n"), &told(1));
    check(&format!("0 x {DIGEST}\n"), &told(1));
    check(&format!("0 1 {}\n", DIGEST.replace('f', "g")), &told(1));
}
