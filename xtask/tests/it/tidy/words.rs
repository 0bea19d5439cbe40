//! Words that finished, argued code does without.

use super::{body, whole};

#[test]
fn unfinished_and_debugging_macros_are_seen() {
    body("fn f() { todo!() }", "a.rs:2: `todo!` is left in");
    body("fn f() { assert!(unimplemented!()) }", "a.rs:2: `unimplemented!` is left in");
    body("fn f() {\n    dbg!(1);\n}", "a.rs:3: `dbg!` is left in");
    body("const A: &str = \"todo!()\"; // dbg!(A)\nfn todo() {}", "");
}

#[test]
fn an_allow_without_reason_is_seen() {
    body("#[allow(unused)]\nfn f() {}", "a.rs:2: `allow` without a reason");
    body("#![expect(unused)]", "a.rs:2: `expect` without a reason");
    body("#[cfg_attr(test, allow(unused))]\nfn f() {}", "a.rs:2: `allow` without a reason");
    body("/// Doc.\n#[allow(unused)]\nfn f() {}", "a.rs:3: `allow` without a reason");
}

#[test]
fn an_allow_with_an_argument_passes() {
    body("#[expect(unused, reason = \"the table needs it\")]\nfn f() {}", "");
    body("// The table needs it.\n#[allow(unused)]\nfn f() {}", "");
    body("#[allow(unused)] // The table needs it.\nfn f() {}", "");
    body("#[must_use]\nfn f() { a.expect(\"b\"); }", "");
}

#[test]
fn a_sleep_is_seen_outside_benches_and_examples() {
    let text = "//! Head.\nuse std::thread::{self, sleep};\nfn f() { thread::sleep(D) }\n";
    let found = "`thread::sleep` with no listed reason";
    whole("src/a.rs", text, &format!("src/a.rs:2: {found}; src/a.rs:3: {found}"));
    whole("benches/a.rs", text, "");
    whole("crates/a/examples/a.rs", text, "");
    body("fn f() { thread::park_timeout(D); self.sleep() }", "");
}

#[test]
fn a_path_of_one_machine_is_seen_in_every_text() {
    let path = ["", "home", "me", "x"].join("/");
    let word = ["", "home", ""].join("/");
    whole("a.md", &format!("See {path}\n"), &format!("a.md:1: names `{word}`, a path of one machine"));
    let beside = ["..", "shared"].join("/");
    whole(
        "a.toml",
        &format!("p = '{beside}'\n"),
        &format!("a.toml:1: names `{beside}`, a path of one machine"),
    );
    whole(".ci/run", &format!("cd {beside}/traces\n"), "");
}
