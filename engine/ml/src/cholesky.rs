//! Solves a symmetric positive definite system exactly, for the at most 128 unknowns of a factor row.
//!
//! * Works in double precision: a weak regularisation makes the system too stiff for single.
//! * A system that is not positive definite has no answer here, never a wrong one.

use crate::lanes::{Op, dispatch};

/// Solves `a · x = b`; `a` is square and row-major, of which the upper half is read. `None` if it is not positive
/// definite.
pub(crate) fn solve(a: Vec<f64>, b: Vec<f64>) -> Option<Vec<f64>> {
    dispatch(Solve { a, b })
}

struct Solve {
    a: Vec<f64>,
    b: Vec<f64>,
}

impl Op for Solve {
    type Out = Option<Vec<f64>>;

    #[inline(always)]
    fn run<const FMA: bool>(self) -> Option<Vec<f64>> {
        let Self { mut a, mut b } = self;
        factorise(&mut a, b.len())?;
        forward(&a, &mut b);
        backward(&a, &mut b);
        b.iter().all(|x| x.is_finite()).then_some(b)
    }
}

/// Turns the upper half into `U` with `UᵀU = a`, subtracting each finished row from those below it.
#[inline(always)]
fn factorise(a: &mut [f64], size: usize) -> Option<()> {
    let mut below = a;
    for column in 0..size {
        let (row, rest) = below.split_at_mut_checked(size)?;
        let row = row.get_mut(column..)?;
        let pivot = *row.first()?;
        if !(pivot > 0.0 && pivot.is_finite()) {
            return None;
        }
        let scale = pivot.sqrt().recip();
        for value in row.iter_mut() {
            *value *= scale;
        }
        for (at, other) in rest.chunks_exact_mut(size).enumerate() {
            let tail = row.get(at + 1..)?;
            let factor = *tail.first()?;
            for (value, above) in other.get_mut(column + 1 + at..)?.iter_mut().zip(tail) {
                *value -= factor * above;
            }
        }
        below = rest;
    }
    Some(())
}

/// Solves `Uᵀ · z = b` in place.
#[inline(always)]
fn forward(u: &[f64], b: &mut [f64]) {
    let size = b.len();
    let mut rest = b;
    for (at, row) in u.chunks_exact(size).enumerate() {
        let Some((z, tail)) = rest.split_first_mut() else { return };
        let Some((pivot, above)) = row.get(at..).and_then(<[f64]>::split_first) else { return };
        *z /= pivot;
        for (value, above) in tail.iter_mut().zip(above) {
            *value -= *z * above;
        }
        rest = tail;
    }
}

/// Solves `U · x = z` in place.
#[inline(always)]
fn backward(u: &[f64], z: &mut [f64]) {
    let size = z.len();
    for (at, row) in u.chunks_exact(size).enumerate().rev() {
        let Some((x, solved)) = z.get_mut(at..).and_then(<[f64]>::split_first_mut) else { return };
        let Some((pivot, above)) = row.get(at..).and_then(<[f64]>::split_first) else { return };
        let known: f64 = above.iter().zip(solved.iter()).map(|(a, x)| a * x).sum();
        *x = (*x - known) / pivot;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_singular_or_negative_system_has_no_answer() {
        assert_eq!(solve(vec![1.0, 1.0, 1.0, 1.0], vec![1.0, 2.0]), None);
        assert_eq!(solve(vec![-1.0], vec![1.0]), None);
        assert_eq!(solve(vec![f64::NAN], vec![1.0]), None);
        assert_eq!(solve(vec![4.0], vec![2.0]), Some(vec![0.5]));
    }

    proptest! {
        #[test]
        fn the_answer_satisfies_the_system(
            size in 1..20_usize,
            numbers in proptest::collection::vec(-1.0..1.0_f64, 400),
            x in proptest::collection::vec(-3.0..3.0_f64, 20),
        ) {
            // NᵀN + I is positive definite whatever N is.
            let n = &numbers[..size * size];
            let x = &x[..size];
            let mut a = vec![0.0; size * size];
            for i in 0..size {
                for j in 0..size {
                    let sum: f64 = (0..size).map(|r| n[r * size + i] * n[r * size + j]).sum();
                    a[i * size + j] = sum + f64::from(u8::from(i == j));
                }
            }
            let b = (0..size).map(|i| (0..size).map(|j| a[i * size + j] * x[j]).sum()).collect();
            for (found, x) in solve(a, b).unwrap().iter().zip(x) {
                prop_assert!((found - x).abs() < 1e-9);
            }
        }
    }
}
