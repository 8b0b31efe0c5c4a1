//! The chart: a bar for each row, from 1 to the left where ours costs less than the peer's.

use std::fmt::Write as _;

use crate::judge::{Outcome, Verdict};

const WIDTH: f64 = 860.0;
const TOP: f64 = 64.0;
const LINE: f64 = 24.0;
/// The left and the right end of the bars' area.
const LEFT: f64 = 440.0;
const RIGHT: f64 = 800.0;
/// The ratios at its two ends.
const LEAST: f64 = 1.0 / 64.0;
const MOST: f64 = 8.0;

/// The chart has a background, so that texts and bars are legible on light and dark pages.
const STYLE: &str = "\
<style>
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.title { font-size: 15px; font-weight: 600 }
.small { font-size: 11px; fill: #59636e }
.ground { fill: #ffffff; stroke: #d1d9e0 }
.grid { stroke: #d1d9e0 }
.one { stroke: #59636e }
.less { fill: #1a7f37 }
.more { fill: #bf8700 }
.missed { fill: #cf222e }
.must { stroke: #1f2328; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc }
.small { fill: #9198a1 }
.ground { fill: #0d1117; stroke: #3d444d }
.grid { stroke: #3d444d }
.one { stroke: #9198a1 }
.less { fill: #3fb950 }
.more { fill: #d29922 }
.missed { fill: #f85149 }
.must { stroke: #f0f6fc }
}
</style>
";

pub(crate) fn svg(outcomes: &[Outcome]) -> String {
    let bars: usize = outcomes.iter().map(|outcome| outcome.pairs.len()).sum();
    let bottom = TOP + LINE * bars as f64;
    let height = bottom + 44.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-label=\"What operations cost beside the same ones in peers\">\n{STYLE}\
         <rect class=\"ground\" x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"6\"/>\n",
        WIDTH - 1.0,
        height - 1.0,
    );
    text(
        &mut svg,
        "title",
        16.0,
        28.0,
        "Cost relative to the same operation of a peer",
    );
    grid(&mut svg, bottom);
    let mut y = TOP;
    for outcome in outcomes {
        for (index, pair) in outcome.pairs.iter().enumerate() {
            bar(&mut svg, y, outcome, pair.ratio(), index == 0);
            y += LINE;
        }
    }
    let legend = "Logarithmic scale. Left of 1, ours costs less. The tick is the bound.";
    text(&mut svg, "small", 16.0, bottom + 28.0, legend);
    svg + "</svg>\n"
}

fn text(svg: &mut String, class: &str, x: f64, y: f64, text: &str) {
    let text = text
        .replace('`', "")
        .replace('&', "&amp;")
        .replace('<', "&lt;");
    let _ = writeln!(
        svg,
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{text}</text>"
    );
}

fn line(svg: &mut String, class: &str, x: f64, from: f64, to: f64) {
    let _ = writeln!(
        svg,
        "<line class=\"{class}\" x1=\"{x:.1}\" y1=\"{from:.1}\" x2=\"{x:.1}\" y2=\"{to:.1}\"/>"
    );
}

/// Returns the position of a ratio on the logarithmic scale.
fn place(ratio: f64) -> f64 {
    let share = (ratio.clamp(LEAST, MOST) / LEAST).ln() / (MOST / LEAST).ln();
    LEFT + share * (RIGHT - LEFT)
}

fn grid(svg: &mut String, bottom: f64) {
    let labels = [
        (1.0 / 32.0, "1/32"),
        (0.125, "1/8"),
        (0.5, "1/2"),
        (1.0, "1"),
        (2.0, "2"),
    ];
    for (ratio, label) in labels.into_iter().chain([(4.0, "4")]) {
        let x = place(ratio);
        let class = if ratio == 1.0 { "one" } else { "grid" };
        line(svg, class, x, TOP - 6.0, bottom);
        text(
            svg,
            "small",
            x - 3.0 * label.len() as f64,
            TOP - 12.0,
            label,
        );
    }
}

fn bar(svg: &mut String, y: f64, outcome: &Outcome, ratio: f64, first: bool) {
    if first {
        text(svg, "row", 16.0, y + 16.0, outcome.row.operation);
    }
    let class = match outcome.must {
        Verdict::Missed => "missed",
        _ if ratio <= 1.0 => "less",
        _ => "more",
    };
    let (from, to) = (place(ratio.min(1.0)), place(ratio.max(1.0)));
    // A ratio of 1 is a bar too.
    let (top, width) = (y + 5.0, (to - from).max(2.0));
    let _ = writeln!(
        svg,
        "<rect class=\"{class}\" x=\"{from:.1}\" y=\"{top}\" width=\"{width:.1}\" height=\"14\"/>"
    );
    line(svg, "must", place(outcome.row.must), y + 2.0, y + 22.0);
    text(svg, "small", RIGHT + 10.0, y + 16.0, &format!("{ratio:.2}"));
}
