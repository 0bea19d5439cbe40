//! One line of the run: its figures, their bars, and where the figures were before.

use super::{
    charts::{margin, trend},
    text::{escape, mark, number},
};
use crate::{Figure, JudgedBar, LineRecord, Record};

/// Makes the section of a line.
pub fn section(line: &LineRecord, run: &Record, before: &[&Record]) -> String {
    let name = escape(&line.name);
    let number = line.number.map(|number| format!("{number} ")).unwrap_or_default();
    let question = escape(&line.question);
    let rows: String = line.figures.iter().map(|figure| row(line, figure, run, before)).collect();
    let failures = list("fail", "failed: ", &line.failures);
    let notes = list("note", "", &line.notes);
    format!(
        "<section id=\"{name}\">\n<h2>{} {number}{name}</h2>\n<p class=\"question\">{question}</p>\n{failures}\
         <table>\n<thead><tr><th>figure</th><th>median</th><th>least .. most</th><th>bars</th><th>before</th></tr>\
         </thead>\n{rows}</table>\n{notes}</section>\n",
        mark(line.passed)
    )
}

fn row(line: &LineRecord, figure: &Figure, run: &Record, before: &[&Record]) -> String {
    let (sample, sign) = (&figure.sample, figure.unit.sign());
    let own = line.bars.iter().filter(|judged| judged.bar.figure == figure.name);
    let bars: String = own.map(bar).collect();
    format!(
        "<tr><td>{}</td><td class=\"number\">{} {sign}</td><td class=\"number spread\">{} .. {}</td><td>{bars}</td>\
         <td>{}</td></tr>\n",
        escape(&figure.name),
        number(sample.median),
        number(sample.min),
        number(sample.max),
        trend(&medians(&line.name, figure, run, before))
    )
}

fn bar(judged: &JudgedBar) -> String {
    format!("<div class=\"bar\">{}{}</div>", margin(judged), escape(&judged.to_string()))
}

/// Finds the medians that a figure had, this run's last, each with its commit.
fn medians<'r>(line: &str, figure: &Figure, run: &'r Record, before: &[&'r Record]) -> Vec<(&'r str, f64)> {
    let is_same = |then: &&Figure| then.name == figure.name && then.unit == figure.unit;
    let then = before.iter().filter_map(|run| {
        let line = run.lines.iter().find(|then| then.name == line)?;
        let figure = line.figures.iter().find(is_same)?;
        Some((run.machine.commit.as_str(), figure.sample.median))
    });
    then.chain([(run.machine.commit.as_str(), figure.sample.median)]).collect()
}

fn list(class: &str, before: &str, texts: &[String]) -> String {
    texts.iter().map(|text| format!("<p class=\"{class}\">{before}{}</p>\n", escape(text))).collect()
}
