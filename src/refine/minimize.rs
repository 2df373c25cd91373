//! Minimizes a smooth convex function: L-BFGS (Liu and Nocedal 1989), with sums in a fixed order, so that the result is
//! the same bit for bit.

use std::collections::VecDeque;

/// The value of a function at a point, and its gradient there.
pub(super) struct Value {
    pub(super) value: f64,
    pub(super) gradient: Vec<f64>,
}

/// So many of the last steps tell how the function curves.
const MEMORY: usize = 6;
/// Where so many steps one after the other gain less than this part of the value each, there is little left to gain.
const LEAST_GAIN: f64 = 1e-6;
const IDLE_STEPS: usize = 3;
/// More steps than are needed.
const STEPS: usize = 300;
/// A step must gain this part of what the gradient promises (Armijo's condition).
const SUFFICIENT: f64 = 1e-4;
/// A step is halved at most so often.
const HALVINGS: usize = 20;

/// A step that was made, and how the gradient changed with it.
struct Step {
    by: Vec<f64>,
    change: Vec<f64>,
    /// Of both.
    product: f64,
}

/// The point near `start` where `function` is least. Where it returns `None`, the search is given up.
pub(super) fn minimize(
    start: Vec<f64>,
    mut function: impl FnMut(&[f64]) -> Option<Value>,
) -> Option<Vec<f64>> {
    let mut point = start;
    let mut here = function(&point)?;
    let mut steps: VecDeque<Step> = VecDeque::new();
    let mut idle = 0;
    for _ in 0..STEPS {
        let direction = direction(&here.gradient, &steps);
        let slope = dot(&direction, &here.gradient);
        if slope >= 0.0 {
            break;
        }
        let mut length =
            if steps.is_empty() { 1.0 / dot(&direction, &direction).sqrt().max(1.0) } else { 1.0 };
        let mut found = None;
        for _ in 0..HALVINGS {
            let next: Vec<f64> = point.iter().zip(&direction).map(|(at, by)| at + length * by).collect();
            let there = function(&next)?;
            if there.value <= here.value + SUFFICIENT * length * slope {
                found = Some((next, there));
                break;
            }
            length /= 2.0;
        }
        let Some((next, there)) = found else { break };
        let by: Vec<f64> = next.iter().zip(&point).map(|(next, before)| next - before).collect();
        let change: Vec<f64> =
            there.gradient.iter().zip(&here.gradient).map(|(next, before)| next - before).collect();
        let product = dot(&by, &change);
        if product > 0.0 {
            steps.push_back(Step { by, change, product });
            if steps.len() > MEMORY {
                steps.pop_front();
            }
        }
        let gain = here.value - there.value;
        (point, here) = (next, there);
        idle = if gain <= LEAST_GAIN * here.value.abs() { idle + 1 } else { 0 };
        if idle == IDLE_STEPS {
            break;
        }
    }
    Some(point)
}

/// Where to go from a point with this gradient: against it, as far as the last steps tell.
fn direction(gradient: &[f64], steps: &VecDeque<Step>) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|slope| -slope).collect();
    let mut parts = Vec::new();
    for step in steps.iter().rev() {
        let part = dot(&step.by, &direction) / step.product;
        direction.iter_mut().zip(&step.change).for_each(|(at, change)| *at -= part * change);
        parts.push(part);
    }
    if let Some(last) = steps.back() {
        let scale = last.product / dot(&last.change, &last.change);
        direction.iter_mut().for_each(|at| *at *= scale);
    }
    for (step, part) in steps.iter().zip(parts.iter().rev()) {
        let by = part - dot(&step.change, &direction) / step.product;
        direction.iter_mut().zip(&step.by).for_each(|(at, step)| *at += by * step);
    }
    direction
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_of_a_long_valley_is_found() {
        // (x - 3)² + 100 (y + 1)² + 0.01 z², and 2 more.
        let curves = [(1.0, 3.0), (100.0, -1.0), (0.01, 0.0)];
        let function = |point: &[f64]| {
            let terms = || point.iter().zip(curves);
            let value = terms().map(|(at, (curve, least))| curve * (at - least) * (at - least)).sum::<f64>();
            let gradient = terms().map(|(at, (curve, least))| 2.0 * curve * (at - least)).collect();
            Some(Value { value: 2.0 + value, gradient })
        };
        let found = minimize(vec![10.0, 10.0, 10.0], function).unwrap();
        assert!((found[0] - 3.0).abs() < 0.01 && (found[1] + 1.0).abs() < 0.01, "{found:?}");
        assert!(function(&found).unwrap().value < 2.001, "{found:?}");
    }

    #[test]
    fn what_is_flat_stays_where_it_is_and_what_fails_is_given_up() {
        let flat = |point: &[f64]| Some(Value { value: 1.0, gradient: vec![0.0; point.len()] });
        assert_eq!(minimize(vec![4.0, 5.0], flat), Some(vec![4.0, 5.0]));
        assert_eq!(minimize(vec![4.0], |_: &[f64]| None), None);
    }
}
