//! A natural logarithm, and an exponential, with the same bits on every machine.
//!
//! Log-ratios, noise and shares must not depend on the platform's mathematics library, whose last bits
//! differ. These use only IEEE 754 additions, multiplications and divisions in a stated order,
//! without fused operations; `docs/feature-space.md` states the logarithm for other languages.

/// The upper part of ln 2: its low 21 bits are zero, so that its product with an exponent is exact.
const LN2_HIGH: f64 = f64::from_bits(0x3FE6_2E42_FEE0_0000);
/// ln 2 − [`LN2_HIGH`], rounded to the nearest.
const LN2_LOW: f64 = f64::from_bits(0x3DEA_39EF_3579_3C76);
/// The bits of √2, where the reduced argument changes over.
const SQRT_2_BITS: u64 = 0x3FF6_A09E_667F_3BCD;
const FRACTION: u64 = (1 << 52) - 1;

/// The natural logarithm of `x`, a positive normal number, to within 2 units in the last place.
///
/// Writes x = 2^e · m with m in [√½, √2) and sums ln m = 2 artanh((m − 1) / (m + 1)) as a series.
#[inline]
pub fn ln(x: f64) -> f64 {
    debug_assert!(x.is_normal() && x > 0.0);
    let bits = x.to_bits();
    let one_to_two = (bits & FRACTION) | (1023 << 52);
    let above = u64::from(one_to_two > SQRT_2_BITS);
    let m = f64::from_bits(one_to_two - (above << 52));
    let e = (bits >> 52) as i64 - 1023 + above as i64;

    let f = m - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let mut series = 1.0 / 19.0;
    for odd in [17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0] {
        series = series * z + 1.0 / odd;
    }
    let doubled = s + s;
    let e = e as f64;
    e * LN2_HIGH + (doubled + (doubled * (z * series) + e * LN2_LOW))
}

/// The natural logarithm of any positive number, also of one too small to be [normal](f64::is_normal).
pub(crate) fn ln_of_any(x: f64) -> f64 {
    const SCALE: f64 = (1u64 << 60) as f64;
    // Multiplied exactly; the logarithm of the factor is 60 ln 2.
    if x.is_normal() { ln(x) } else { ln(x * SCALE) - 60.0 * std::f64::consts::LN_2 }
}

/// e^x for x of at most 0, to within a few units in the last place; 0 below −700.
pub(crate) fn exp(x: f64) -> f64 {
    debug_assert!(x <= 0.0);
    if x < -700.0 {
        return 0.0;
    }
    // The nearest integer, as x is not above zero.
    let k = (x * std::f64::consts::LOG2_E - 0.5) as i64;
    let r = (x - k as f64 * LN2_HIGH) - k as f64 * LN2_LOW;
    let series = TAYLOR.iter().fold(0.0, |sum, coefficient| sum * r + coefficient);
    series * f64::from_bits(((1023 + k) as u64) << 52)
}

/// 1 / (1 + e^-x): the probability whose log-odds are x.
pub(crate) fn logistic(x: f64) -> f64 {
    let rarer = exp(-x.abs());
    if x < 0.0 { rarer / (1.0 + rarer) } else { 1.0 / (1.0 + rarer) }
}

/// 1 / n! from n = 14 down to 0: |r| is at most ln 2 / 2, whose 15th power is below 2^-53 of 15!.
const TAYLOR: [f64; 15] = {
    let (mut coefficients, mut factorial, mut n) = ([1.0; 15], 1.0, 1);
    while n < 15 {
        factorial *= n as f64;
        coefficients[14 - n] = 1.0 / factorial;
        n += 1;
    }
    coefficients
};

#[cfg(test)]
mod tests {
    use super::{exp, ln};

    #[test]
    fn the_exponential_agrees_with_the_platform() {
        for x in (0..70_000).map(|i| f64::from(i) * -0.01) {
            let (ours, theirs) = (exp(x), x.exp());
            assert!(
                (ours - theirs).abs() <= 4.0 * f64::EPSILON * theirs,
                "exp({x}) = {ours:e}, not {theirs:e}"
            );
        }
        assert_eq!((exp(0.0), exp(-1000.0), exp(f64::NEG_INFINITY)), (1.0, 0.0, 0.0));
    }

    #[test]
    fn known_values() {
        assert_eq!(ln(1.0), 0.0);
        assert_eq!(ln(2.0), std::f64::consts::LN_2);
        assert_eq!(ln(10.0), std::f64::consts::LN_10);
        assert_eq!(ln(1e-8), -18.420680743952367);
    }

    #[test]
    fn numbers_too_small_to_be_normal() {
        let smallest = f64::from_bits(1);
        for x in [smallest, 2.0 * smallest, 1.2e-321, 2.2e-308, f64::MIN_POSITIVE, 1.0, f64::MAX] {
            let (ours, theirs) = (super::ln_of_any(x), x.ln());
            assert!(
                (ours - theirs).abs() <= 2.0 * theirs.abs() * f64::EPSILON,
                "ln({x:e}) = {ours:e}, not {theirs:e}"
            );
        }
        assert!((1..5000).all(|bits| {
            super::ln_of_any(f64::from_bits(bits)) < super::ln_of_any(f64::from_bits(bits + 1))
        }));
    }

    #[test]
    fn the_parts_of_ln_2_add_up() {
        assert_eq!(super::LN2_HIGH + super::LN2_LOW, std::f64::consts::LN_2);
        assert_eq!(super::SQRT_2_BITS, std::f64::consts::SQRT_2.to_bits());
    }

    #[test]
    fn agrees_with_the_platform_within_two_units_in_the_last_place() {
        let mut state = 1u64;
        for _ in 0..200_000 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let exponent = 1023 - 60 + (state >> 57) % 80;
            let x = f64::from_bits((state & super::FRACTION) | (exponent << 52));
            let (ours, theirs) = (ln(x), x.ln());
            let unit = theirs.abs() * f64::EPSILON;
            assert!((ours - theirs).abs() <= 2.0 * unit, "ln({x:e}) = {ours:e}, not {theirs:e}");
        }
    }
}
