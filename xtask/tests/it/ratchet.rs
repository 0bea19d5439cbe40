//! The ratchet: what it measures, what it refuses, and that it only ever goes down.

use insta::assert_snapshot;
use xtask::tidy::{SourceFile, ratchet::Figures};

fn stored(figures: [usize; 6]) -> Figures {
    let names = ["file_lines_", "function_lines_"]
        .into_iter()
        .flat_map(|family| ["median", "p90", "max"].map(|rank| format!("{family}{rank}")));
    let lines: Vec<String> = names.zip(figures).map(|(name, figure)| format!("{name} {figure}")).collect();
    Figures::parse(&lines.join("\n")).unwrap()
}

/// A file of `lines` lines with one function of `lines - 1` lines.
fn file(lines: usize) -> SourceFile {
    let body = "    f();\n".repeat(lines - 3);
    SourceFile::new("a.rs", &format!("//! Head.\nfn f() {{\n{body}}}\n"))
}

#[test]
fn it_measures_files_and_functions() {
    let files: Vec<SourceFile> = (1..=10).map(|tens| file(tens * 10)).collect();
    assert_eq!(Figures::of(&files), stored([50, 90, 100, 49, 89, 99]));
}

#[test]
fn other_files_do_not_count() {
    let files = [file(10), SourceFile::new("a.md", "x\n\n\n")];
    assert_eq!(Figures::of(&files), stored([10, 10, 10, 9, 9, 9]));
}

#[test]
fn a_worse_figure_is_named() {
    let worse = stored([10, 21, 30, 4, 5, 7]).worse_than(&stored([11, 20, 30, 4, 5, 6]));
    assert_snapshot!(worse.join("\n"), @"
    file_lines_p90 is 21, the ratchet stands at 20
    function_lines_max is 7, the ratchet stands at 6
    ");
}

#[test]
fn an_update_lowers_and_never_raises() {
    let lowest = stored([10, 21, 30, 4, 5, 7]).lowest(&stored([11, 20, 30, 4, 5, 6]));
    assert_eq!(lowest, stored([10, 20, 30, 4, 5, 6]));
}

#[test]
fn the_text_reads_back() {
    let figures = stored([1, 2, 3, 4, 5, 6]);
    assert_eq!(Figures::parse(&figures.text()).unwrap(), figures);
}

#[test]
fn a_damaged_text_is_refused() {
    let text = stored([1, 2, 3, 4, 5, 6]).text();
    let refusal = |text: &str| Figures::parse(text).unwrap_err().to_string();
    assert_eq!(refusal(""), "`file_lines_median` is missing");
    assert_eq!(
        refusal(&text.replace("p90 2", "p95 2")),
        "`file_lines_p95` stands where `file_lines_p90` belongs"
    );
    assert_eq!(refusal(&text.replace("p90 2", "p90 two")), "`two` is no figure");
    assert_eq!(refusal(&format!("{text}more 7\n")), "`more 7` is one line too many");
}
