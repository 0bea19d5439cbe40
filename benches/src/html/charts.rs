//! Two small pictures: how far a figure is from its bar, and where it was before.

use super::text::{escape, number};
use crate::{BarKind, JudgedBar};

/// A margin of 8 or of an eighth fills its half of the picture.
const DOUBLINGS_MAX: f64 = 3.0;
const HALF: f64 = 50.0;
/// Width and height of a trend.
const TREND: (f64, f64) = (110.0, 24.0);

/// Draws a bar from the middle, which is where the bar lies: to the right if it is cleared, to the left if missed;
/// each doubling is as long.
pub fn margin(judged: &JudgedBar) -> String {
    let length = judged.margin().log2().clamp(-DOUBLINGS_MAX, DOUBLINGS_MAX) / DOUBLINGS_MAX * HALF;
    let class = match (judged.holds, judged.bar.kind) {
        (true, _) => "good",
        (false, BarKind::Must) => "bad",
        (false, BarKind::Goal) => "near",
    };
    let (start, title) = (HALF + length.min(0.0), format!("{:.2} of what is asked", judged.margin()));
    format!(
        "<svg width=\"100\" height=\"12\" role=\"img\"><title>{title}</title>\
         <rect class=\"{class}\" x=\"{start:.1}\" y=\"2\" width=\"{:.1}\" height=\"8\"/>\
         <line class=\"axis\" x1=\"50\" y1=\"0\" x2=\"50\" y2=\"12\"/></svg>",
        length.abs().max(1.0)
    )
}

/// Draws medians from the oldest to the newest; nothing if there is but one.
pub fn trend(medians: &[(&str, f64)]) -> String {
    if medians.len() < 2 {
        return String::new();
    }
    let places = places(medians);
    let points: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let told: Vec<String> =
        medians.iter().map(|(commit, median)| format!("{commit}: {}", number(*median))).collect();
    let (x, y) = places[places.len() - 1];
    format!(
        "<svg width=\"{}\" height=\"{}\" role=\"img\"><title>{}</title><polyline class=\"trend\" points=\"{}\"/>\
         <circle class=\"now\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\"/></svg>",
        TREND.0,
        TREND.1,
        escape(&told.join("; ")),
        points.join(" ")
    )
}

/// Spreads the medians over the picture: the least at the bottom, the most at the top.
fn places(medians: &[(&str, f64)]) -> Vec<(f64, f64)> {
    let values = medians.iter().map(|(_, median)| *median);
    let (least, most) = (values.clone().fold(f64::MAX, f64::min), values.clone().fold(f64::MIN, f64::max));
    let (width, height) = (TREND.0 - 8.0, TREND.1 - 8.0);
    let step = width / (medians.len() - 1) as f64;
    let share = |value: f64| if most > least { (value - least) / (most - least) } else { 0.5 };
    values
        .enumerate()
        .map(|(index, value)| (4.0 + index as f64 * step, 4.0 + (1.0 - share(value)) * height))
        .collect()
}
