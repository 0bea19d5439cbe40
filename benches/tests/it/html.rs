//! The page of a run: what it says, how it escapes, what it draws.

use benches::{Bar, BarKind, Figure, JudgedBar, LineRecord, Machine, Op, Record, Sample, Unit, page};
use insta::assert_snapshot;

fn figure(name: &str, median: f64) -> Figure {
    Figure::new(name, Unit::MillionsPerSecond, Sample::of(vec![median; 7]).unwrap())
}

fn bar(name: &str, kind: BarKind, measured: f64) -> JudgedBar {
    let bar = Bar { figure: name.to_owned(), op: Op::AtLeast, value: 4.0, kind, limit: None, always: false };
    JudgedBar { bar, measured, holds: measured >= 4.0 }
}

fn record(commit: &str, median: f64) -> Record {
    let (name, passed) = ("speed of \"<b>\"", median >= 4.0);
    let line = LineRecord {
        name: "throughput".to_owned(),
        number: Some(5),
        question: "how <fast>?".to_owned(),
        passed,
        figures: vec![figure(name, median), figure("beside", 12_345.6)],
        bars: vec![bar(name, BarKind::Must, median), bar(name, BarKind::Goal, median)],
        failures: if passed { Vec::new() } else { vec!["page 3 & 4 differ".to_owned()] },
        notes: vec!["it's a note".to_owned()],
    };
    let machine = Machine {
        cpu: "Abacus <3000>".to_owned(),
        cores: 2,
        system: "linux-wood".to_owned(),
        commit: commit.to_owned(),
        version: "0.1.0".to_owned(),
        rustc: "rustc 1".to_owned(),
        profile: "release".to_owned(),
    };
    let limits = vec![figure("memcpy", 9.0)];
    Record { machine, seconds: 1_709_164_800, quick: false, limits, lines: vec![line] }
}

/// The page without its style.
fn body(run: &Record, stored: &[Record]) -> String {
    let page = page(run, stored);
    let (head, body) = page.split_once("<body>").unwrap();
    assert!(head.contains("<style>") && !page.contains("<script") && !page.contains("http"), "{page}");
    body.trim().to_owned()
}

/// What a reader sees of it: elements as bars between their texts.
fn seen(body: &str) -> String {
    let mut texts = Vec::new();
    for line in body.lines() {
        let parts = line.split('<').filter_map(|part| part.split_once('>').map(|(_, text)| text.trim()));
        texts.push(parts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" | "));
    }
    texts.retain(|text| !text.is_empty());
    texts.join("\n")
}

#[test]
fn a_passed_run_says_what_it_measured() {
    assert_snapshot!(seen(&body(&record("abc", 8.0), &[])), @r"
    MMSB bench
    Result: 1/1 PASS
    Abacus &lt;3000&gt;, 2 cores, linux-wood | commit abc, version 0.1.0 | rustc 1, built as release | a full run, 2024-02-29; 0 stored before it
    &#10003; | 5 | throughput | how &lt;fast&gt;?
    &#10003; | 5 throughput
    how &lt;fast&gt;?
    figure | median | least .. most | bars | before
    speed of &quot;&lt;b&gt;&quot; | 8.00 M/s | 8.00 .. 8.00 | 2.00 of what is asked | must &gt;= 4 | 2.00 of what is asked | goal &gt;= 4
    beside | 12,346 M/s | 12,346 .. 12,346
    it&#39;s a note
    Limits of this run
    memcpy | 9.00 M/s
    ");
}

#[test]
fn a_missed_bar_is_a_cross_and_points_to_the_left() {
    let text = body(&record("abc", 2.0), &[]);
    let expected = [
        "Result: 0/1 FAIL",
        "failed: page 3 &amp; 4 differ",
        "must &gt;= 4 MISSED",
        "<rect class=\"bad\" x=\"33.3\" y=\"2\" width=\"16.7\" height=\"8\"/>",
        "<rect class=\"near\" x=\"33.3\"",
    ];
    let missing: Vec<_> = expected.into_iter().filter(|part| !text.contains(part)).collect();
    assert!(missing.is_empty(), "{missing:?} in {text}");
}

#[test]
fn stored_runs_of_the_same_size_are_a_line_that_ends_in_this_one() {
    let mut quick = record("quick", 1.0);
    quick.quick = true;
    let text = body(&record("now", 8.0), &[record("old", 4.0), quick, record("mid<", 6.0)]);
    let trend = text.split("<td>").find(|cell| cell.contains("polyline")).unwrap().lines().next().unwrap();
    assert_snapshot!(trend.replace("><", ">\n<"), @r#"
    <svg width="110" height="24" role="img">
    <title>old: 4.00; mid&lt;: 6.00; now: 8.00</title>
    <polyline class="trend" points="4.0,20.0 55.0,12.0 106.0,4.0"/>
    <circle class="now" cx="106.0" cy="4.0" r="2.5"/>
    </svg>
    </td>
    </tr>
    "#);
    assert!(text.contains("2 stored before it"), "{text}");
}
