//! Plots as SVG, whose colors the page's style replaces by those of its theme.

use plotters::coord::ranged1d::ValueFormatter;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::html::{escaped, on_axis};

/// Colors that stand for those of the theme: see `style.css`.
const TEXT: RGBColor = RGBColor(0x10, 0x10, 0x10);
const GRID: RGBColor = RGBColor(0xd0, 0xd0, 0xd0);
const BEFORE: RGBColor = RGBColor(0x88, 0x88, 0x88);
const AFTER: RGBColor = RGBColor(0x1f, 0x6f, 0xeb);

const SIZE: (u32, u32) = (720, 300);
/// Larger numbers are not drawn.
const LARGEST: f64 = 1e200;

/// Shares of documents in bins, before and after.
pub(super) struct Bars<'a> {
    /// What is told to those who cannot see it.
    pub(super) label: &'a str,
    /// What is on the horizontal axis.
    pub(super) axis: &'a str,
    /// Where each bin begins and ends, and the shares of all in it, of what there was and of what was selected.
    pub(super) bins: &'a [(f64, f64, f64, f64)],
    /// Whether the axis is logarithmic.
    pub(super) logarithmic: bool,
    /// A place on the axis to mark, and with what.
    pub(super) mark: Option<(f64, &'a str)>,
}

/// A line through points.
pub(super) struct Line<'a> {
    pub(super) label: &'a str,
    pub(super) axes: (&'a str, &'a str),
    pub(super) points: &'a [LinePoint],
    /// Points of a line to compare with.
    pub(super) baseline: &'a [(f64, f64)],
    /// Whether the vertical axis is logarithmic, too.
    pub(super) logarithmic: bool,
}

pub(super) struct LinePoint {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) is_asked: bool,
    pub(super) is_estimate: bool,
}

type Drawn = Result<(), Box<dyn std::error::Error>>;

/// The plot, or nothing if it cannot be drawn.
pub(super) fn bars(plot: &Bars<'_>) -> String {
    finished(plot.label, |svg| draw_bars(plot, svg))
}

pub(super) fn line(plot: &Line<'_>) -> String {
    finished(plot.label, |svg| draw_line(plot, svg))
}

/// Numbers of the page do not depend on the plot: every plot has its table.
fn finished(label: &str, draw: impl FnOnce(&mut String) -> Drawn) -> String {
    let mut svg = String::new();
    if draw(&mut svg).is_err() {
        return String::new();
    }
    let Some(start) = svg.find("<svg ") else { return String::new() };
    let rest = svg[start + "<svg ".len()..].to_owned();
    // It grows and shrinks with the page.
    let rest = rest.replacen(&format!("width=\"{}\" height=\"{}\" ", SIZE.0, SIZE.1), "", 1);
    format!("<svg class=\"plot\" role=\"img\" aria-label=\"{}\" {rest}", escaped(label))
}

fn draw_bars(plot: &Bars<'_>, svg: &mut String) -> Drawn {
    let (Some((first, ..)), Some((_, last, ..))) = (plot.bins.first(), plot.bins.last()) else {
        return Err("nothing to draw".into());
    };
    let at = |value: f64| if plot.logarithmic { (value + 1.0).log2() } else { value };
    let (low, high) = (at(*first), at(*last));
    if !((high - low).is_finite() && low.abs().max(high.abs()) < LARGEST) {
        return Err("no axis goes so far".into());
    }
    let high = if high > low { high } else { low + 1.0 };
    let most = plot.bins.iter().flat_map(|(.., before, after)| [*before, *after]).fold(0.0, f64::max);
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    let mut chart = ChartBuilder::on(&root)
        .margin(8)
        .margin_right(28)
        .x_label_area_size(48)
        .y_label_area_size(72)
        .build_cartesian_2d(low..high, 0.0..most.max(1e-9) * 1.05)?;
    let x_label = |value: &f64| on_axis(if plot.logarithmic { (value.exp2() - 1.0).round() } else { *value });
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(TEXT)
        .label_style(("sans-serif", 16).into_font().color(&TEXT))
        .x_labels(9)
        .y_labels(5)
        .x_desc(plot.axis)
        .y_desc("share of documents")
        .x_label_formatter(&x_label)
        .y_label_formatter(&|value| format!("{:.*}%", if most < 0.05 { 1 } else { 0 }, value * 100.0))
        .draw()?;
    for (from, to, before, _) in plot.bins {
        let bar = Rectangle::new([(at(*from), 0.0), (at(*to), *before)], BEFORE.filled());
        chart.draw_series(std::iter::once(bar))?;
    }
    // The outline of what was selected, over it.
    let outline = plot.bins.iter().flat_map(|(from, to, _, after)| [(at(*from), *after), (at(*to), *after)]);
    let ends = |x: f64| std::iter::once((at(x), 0.0));
    let outline = ends(*first).chain(outline).chain(ends(*last));
    chart.draw_series(LineSeries::new(outline, AFTER.stroke_width(3)))?;
    if let Some((mark, name)) = plot.mark.filter(|(mark, _)| (low..=high).contains(&at(*mark))) {
        let top = most.max(1e-9) * 1.05;
        chart.draw_series(DashedLineSeries::new(
            [(at(mark), 0.0), (at(mark), top)],
            6,
            4,
            TEXT.stroke_width(1),
        ))?;
        let is_left = at(mark) > (low + high) / 2.0;
        let side = if is_left { HPos::Right } else { HPos::Left };
        let style = ("sans-serif", 16).into_font().color(&TEXT).pos(Pos::new(side, VPos::Top));
        chart.draw_series(std::iter::once(Text::new(format!(" {name} "), (at(mark), top), style)))?;
    }
    root.present()?;
    Ok(())
}

fn draw_line(plot: &Line<'_>, svg: &mut String) -> Drawn {
    let xs = || plot.points.iter().map(|point| point.x);
    let ys = || plot.points.iter().map(|point| point.y).chain(plot.baseline.iter().map(|(_, y)| *y));
    let (low, high) = (xs().fold(f64::INFINITY, f64::min), xs().fold(f64::NEG_INFINITY, f64::max));
    let (least, most) = (ys().fold(f64::INFINITY, f64::min), ys().fold(f64::NEG_INFINITY, f64::max));
    if !(low < high && high < LARGEST && least.abs().max(most.abs()) < LARGEST) {
        return Err("nothing to draw".into());
    }
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    let mut builder = ChartBuilder::on(&root);
    builder.margin(8).margin_right(28).x_label_area_size(48).y_label_area_size(72);
    let x_range = (low * 0.9..high * 1.1).log_scale();
    if plot.logarithmic {
        let range = (least.max(1e-9) * 0.8..most.max(least) * 1.25).log_scale();
        draw_points(plot, builder.build_cartesian_2d(x_range, range)?)?;
    } else {
        let margin = (most - least).max(1e-6) * 0.08;
        draw_points(plot, builder.build_cartesian_2d(x_range, least - margin..most + margin)?)?;
    }
    root.present()?;
    Ok(())
}

fn draw_points<'a, X, Y>(
    plot: &Line<'_>,
    mut chart: ChartContext<'a, SVGBackend<'a>, Cartesian2d<X, Y>>,
) -> Drawn
where
    X: Ranged<ValueType = f64> + ValueFormatter<f64>,
    Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(TEXT)
        .label_style(("sans-serif", 16).into_font().color(&TEXT))
        .x_labels(7)
        .y_labels(5)
        .x_desc(plot.axes.0)
        .y_desc(plot.axes.1)
        .x_label_formatter(&|value| on_axis(*value))
        .y_label_formatter(&|value| on_axis(*value))
        .draw()?;
    chart.draw_series(LineSeries::new(plot.baseline.iter().copied(), BEFORE.stroke_width(2)))?;
    let line = plot.points.iter().map(|point| (point.x, point.y));
    chart.draw_series(LineSeries::new(line, AFTER.stroke_width(2)))?;
    for point in plot.points {
        let style = if point.is_estimate { AFTER.stroke_width(2) } else { AFTER.filled() };
        let size = if point.is_asked { 8 } else { 4 };
        chart.draw_series(std::iter::once(Circle::new((point.x, point.y), size, style)))?;
    }
    Ok(())
}
