//! One violation of every rule for source files, and its innocent neighbour.

mod words;

use xtask::tidy::{FILE_BYTES_CEILING, SourceFile, check};

/// Checks a Rust file with a head and this text behind it; `expect` joins what is found.
#[track_caller]
fn body(text: &str, expect: &str) {
    whole("a.rs", &format!("//! Head.\n{text}\n"), expect);
}

#[track_caller]
fn whole(path: &str, text: &str, expect: &str) {
    assert_eq!(check(&[SourceFile::new(path, text)]).join("; "), expect);
}

#[test]
fn a_source_without_head_is_seen() {
    whole("a.rs", "// Head.\nfn f() {}\n", "a.rs:1: the file does not start with a `//!` head");
    whole("a.rs", "", "a.rs:1: the file does not start with a `//!` head");
    whole("a.md", "No head.\n", "");
}

#[test]
fn a_file_over_the_ceiling_is_seen() {
    body(&"// x\n".repeat(498), "");
    body(&"// x\n".repeat(500), "a.rs:502: 502 lines in the file, more than 500");
}

#[test]
fn a_function_over_the_ceiling_is_seen_wherever_it_stands() {
    let function = |lines: usize| format!("fn long() {{\n{}}}", "    f();\n".repeat(lines));
    body(&function(68), "");
    body(&function(69), "a.rs:2: 71 lines in `long`, more than 70");
    body(&format!("impl A {{\n{}\n}}", function(69)), "a.rs:3: 71 lines in `long`, more than 70");
    body(&format!("make! {{\n{}\n}}", function(69)), "a.rs:3: 71 lines in `long`, more than 70");
}

#[test]
fn a_declaration_without_body_is_no_function() {
    let lines = "    const A: u8 = 1;\n".repeat(80);
    body(&format!("trait T {{\n    fn f(&self);\n{lines}}}\ntype F = fn(u8) -> u8;"), "");
}

#[test]
fn a_letter_outside_ascii_is_seen() {
    body("// caf\u{e9}", "a.rs:2: U+00E9 is not ASCII");
    whole("a.md", "caf\u{e9}\n", "");
}

#[test]
fn tabs_and_blanks_at_the_end_are_seen() {
    body("\tfn f() {}", "a.rs:2: a tab");
    body("fn f() {} ", "a.rs:2: blanks at the end");
    body("fn f() {}\r", "a.rs:2: blanks at the end");
}

#[test]
fn blanks_inside_a_literal_are_data() {
    body("const A: &str = \"a \nb\";", "");
    body("const A: &str = \"a \nb\"; ", "a.rs:3: blanks at the end");
}

#[test]
fn a_large_file_is_seen() {
    let file = |bytes| SourceFile { path: "a.bin".to_owned(), bytes, text: None };
    assert_eq!(check(&[file(FILE_BYTES_CEILING)]).join("; "), "");
    assert_eq!(check(&[file(2_000_001)]).join("; "), "a.bin: 2000001 bytes, more than 2000000");
}

#[test]
fn a_text_that_is_no_rust_is_seen() {
    let found = check(&[SourceFile::new("a.rs", "//! Head.\nfn f( {\n")]).join("; ");
    assert!(found.starts_with("a.rs:1: not Rust tokens: "), "{found}");
}

#[test]
fn the_repository_can_be_listed() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let files = xtask::tidy::read_all(root).unwrap();
    let this = files.iter().find(|file| file.path == "xtask/tests/it/tidy.rs").expect("this file is listed");
    assert!(this.text.as_ref().is_some_and(|text| text.contains("this file is listed")));
    assert!(files.iter().all(|file| !file.path.starts_with("target/")));
}
