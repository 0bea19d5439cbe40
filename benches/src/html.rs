//! A run as one page for a browser: verdicts, figures, how far each is from its bars, and the stored runs as lines.
//!
//! Invariant: the page fetches nothing and runs no script; everything that was measured or named is escaped.

mod charts;
mod line;
mod text;

use crate::{Figure, Record};
use text::{date, escape, mark, number};

const STYLE: &str = include_str!("html/style.css");

/// Makes the page of a run; of the stored runs, the oldest first, those of its size are shown.
#[must_use]
pub fn page(run: &Record, stored: &[Record]) -> String {
    let before: Vec<&Record> = stored.iter().filter(|then| then.quick == run.quick).collect();
    let (passes, count) = run.passes();
    let verdict = format!("{passes}/{count} {}", if passes == count && count > 0 { "PASS" } else { "FAIL" });
    let lines: String = run.lines.iter().map(|line| line::section(line, run, &before)).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>MMSB bench: {verdict}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<h1>MMSB bench</h1>\n{}{}{lines}{}</body>\n</html>\n",
        head(run, &verdict, before.len()),
        overview(run),
        limits(&run.limits),
    )
}

/// Says what ran, where, and how it ended.
fn head(run: &Record, verdict: &str, stored: usize) -> String {
    let machine = &run.machine;
    let class = if verdict.ends_with("PASS") { "pass" } else { "fail" };
    let size = if run.quick { "quick" } else { "full" };
    let facts = [
        format!("{}, {} cores, {}", machine.cpu, machine.cores, machine.system),
        format!("commit {}, version {}", machine.commit, machine.version),
        format!("{}, built as {}", machine.rustc, machine.profile),
        format!("a {size} run, {}; {stored} stored before it", date(run.seconds)),
    ];
    let facts = facts.map(|fact| escape(&fact)).join("<br>");
    format!("<p class=\"mark {class}\">Result: {verdict}</p>\n<p class=\"facts\">{facts}</p>\n")
}

/// Lists the lines, each with its mark.
fn overview(run: &Record) -> String {
    let row = |line: &crate::LineRecord| {
        let (name, number) = (escape(&line.name), line.number.map(|number| number.to_string()));
        format!(
            "<tr><td>{}</td><td class=\"number\">{}</td><td><a href=\"#{name}\">{name}</a></td><td>{}</td></tr>\n",
            mark(line.passed),
            number.unwrap_or_default(),
            escape(&line.question)
        )
    };
    format!("<section>\n<table>\n{}</table>\n</section>\n", run.lines.iter().map(row).collect::<String>())
}

/// Lists what the machine could do at best.
fn limits(limits: &[Figure]) -> String {
    let row = |limit: &Figure| {
        let (name, value) = (escape(&limit.name), number(limit.sample.median));
        format!("<tr><td>{name}</td><td class=\"number\">{value} {}</td></tr>\n", limit.unit.sign())
    };
    if limits.is_empty() {
        return String::new();
    }
    let rows: String = limits.iter().map(row).collect();
    format!("<section>\n<h2>Limits of this run</h2>\n<table>\n{rows}</table>\n</section>\n")
}
