//! Filters on numbers.

use jaq_core::native::{bome, v};

use super::{Table, special, unary};
use crate::jq::val::{raise, shown};
use crate::value::Value;

/// A function of the input.
macro_rules! of_one {
    ($name:literal, $function:expr) => {
        unary!($name, |value: &Value| Ok(Value::from($function(number(value)?))))
    };
}

/// A function of two arguments.
macro_rules! of_two {
    ($name:literal, $function:expr) => {
        special($name, v(2), |mut cv| {
            let (second, first) = (cv.0.pop_var(), cv.0.pop_var());
            let result = || Ok(Value::from($function(number(&first.0)?, number(&second.0)?)));
            bome(raise(result()))
        })
    };
}

pub(super) fn table() -> Table {
    vec![
        unary!("infinite", |_| Ok(Value::from(f64::INFINITY))),
        unary!("nan", |_| Ok(Value::from(f64::NAN))),
        unary!("isinfinite", |value: &Value| Ok(Value::Bool(value.as_f64().is_some_and(f64::is_infinite)))),
        unary!("isnan", |value: &Value| Ok(Value::Bool(value.as_f64().is_some_and(f64::is_nan)))),
        unary!("isnormal", |value: &Value| Ok(Value::Bool(value.as_f64().is_some_and(f64::is_normal)))),
        of_one!("floor", f64::floor),
        of_one!("ceil", f64::ceil),
        of_one!("round", f64::round),
        of_one!("trunc", f64::trunc),
        of_one!("rint", f64::round_ties_even),
        of_one!("nearbyint", f64::round_ties_even),
        of_one!("fabs", f64::abs),
        of_one!("sqrt", f64::sqrt),
        of_one!("cbrt", f64::cbrt),
        of_one!("exp", f64::exp),
        of_one!("exp2", f64::exp2),
        of_one!("exp10", |number| 10_f64.powf(number)),
        of_one!("expm1", f64::exp_m1),
        of_one!("log", f64::ln),
        of_one!("log2", f64::log2),
        of_one!("log10", f64::log10),
        of_one!("log1p", f64::ln_1p),
        of_one!("sin", f64::sin),
        of_one!("cos", f64::cos),
        of_one!("tan", f64::tan),
        of_one!("asin", f64::asin),
        of_one!("acos", f64::acos),
        of_one!("atan", f64::atan),
        of_one!("sinh", f64::sinh),
        of_one!("cosh", f64::cosh),
        of_one!("tanh", f64::tanh),
        of_one!("asinh", f64::asinh),
        of_one!("acosh", f64::acosh),
        of_one!("atanh", f64::atanh),
        unary!("modf", |value: &Value| {
            let number = number(value)?;
            let fraction = if number.is_infinite() { 0.0_f64.copysign(number) } else { number.fract() };
            Ok([fraction, number.trunc()].into_iter().map(Value::from).collect())
        }),
        unary!("frexp", |value: &Value| {
            let (fraction, exponent) = parts(number(value)?);
            Ok([fraction, exponent].into_iter().map(Value::from).collect())
        }),
        unary!("significand", |value: &Value| {
            let number = number(value)?;
            let plain = number == 0.0 || !number.is_finite();
            Ok(Value::from(if plain { number } else { parts(number).0 * 2.0 }))
        }),
        unary!("logb", |value: &Value| {
            let number = number(value)?;
            Ok(Value::from(match number {
                0.0 => f64::NEG_INFINITY,
                other if !other.is_finite() => other.abs(),
                other => parts(other).1 - 1.0,
            }))
        }),
        of_two!("pow", f64::powf),
        of_two!("atan2", f64::atan2),
        of_two!("fmin", f64::min),
        of_two!("fmax", f64::max),
        of_two!("fmod", |a: f64, b: f64| a % b),
        of_two!("hypot", f64::hypot),
        of_two!("copysign", f64::copysign),
        of_two!("fdim", |a: f64, b: f64| if a.is_nan() || b.is_nan() { f64::NAN } else { (a - b).max(0.0) }),
        of_two!("ldexp", scaled),
        of_two!("scalb", scaled),
        of_two!("scalbln", scaled),
        special("fma", v(3), |mut cv| {
            let (third, second, first) = (cv.0.pop_var(), cv.0.pop_var(), cv.0.pop_var());
            let result = || Ok(Value::from(number(&first.0)?.mul_add(number(&second.0)?, number(&third.0)?)));
            bome(raise(result()))
        }),
    ]
}

fn number(value: &Value) -> Result<f64, String> {
    value.as_f64().ok_or_else(|| format!("{} number required", shown(value)))
}

/// A fraction from one half up to one, and the power of two that goes with it.
fn parts(number: f64) -> (f64, f64) {
    if number == 0.0 || !number.is_finite() {
        return (number, 0.0);
    }
    // Subnormals have no exponent of their own.
    let (number, offset) = if number.is_normal() { (number, 0.0) } else { (number * 2_f64.powi(64), -64.0) };
    let bits = number.to_bits();
    let exponent = u16::try_from(bits >> 52 & 0x7ff).unwrap_or(0);
    let fraction = f64::from_bits(bits & !(0x7ff << 52) | 0x3fe << 52);
    (fraction, f64::from(exponent) - 1022.0 + offset)
}

/// `number` times two to the power of `exponent`, without overflow on the way.
fn scaled(number: f64, exponent: f64) -> f64 {
    if exponent.is_nan() {
        return f64::NAN;
    }
    #[expect(clippy::cast_possible_truncation, reason = "within four thousand")]
    let mut exponent = exponent.clamp(-4200.0, 4200.0) as i32;
    let mut scaled = number;
    while exponent != 0 {
        let step = exponent.clamp(-1000, 1000);
        scaled *= 2_f64.powi(step);
        exponent -= step;
    }
    scaled
}
