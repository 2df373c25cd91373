//! KL divergences by which rounds and candidates are compared.

/// ε, spread over the buckets: a bucket below it counts as empty.
const EPSILON: f64 = 0.1;

/// KL(target ‖ selected) in nats.
pub(super) fn kl(target: &[f64], selected: &[f64]) -> f64 {
    crate::density::kl_divergence_with(target, selected, EPSILON / target.len() as f64)
}

/// Rounds a number, so that it is short in print.
pub(super) fn to_a_millionth(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}
