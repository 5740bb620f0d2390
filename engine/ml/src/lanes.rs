//! Sixteen numbers that are computed together, and the choice of the processor's widest instructions for them.
//!
//! * Loops over [`Lanes`] are plain code with a fixed trip count; the compiler turns them into vector instructions.
//! * Everything called from [`Op::run`] must be `#[inline(always)]`, else it is compiled for the oldest processor.
//! * Sums are taken in one fixed order, so a result depends on the kind of processor, never on threads.

/// How many numbers are computed together.
pub(crate) const LANES: usize = 16;

/// Sixteen numbers, aligned so that one load never spans two cache lines.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(align(64))]
pub(crate) struct Lanes(pub(crate) [f32; LANES]);

/// A vector of `B` times sixteen numbers.
pub(crate) type Row<const B: usize> = [Lanes; B];

impl Lanes {
    /// Sixteen zeros.
    pub(crate) const ZERO: Self = Self([0.0; LANES]);

    /// `self + factor * other`.
    ///
    /// Like its siblings it takes and gives values: writing through a reference lane by lane is what keeps the compiler
    /// from seeing vectors once all loops are unrolled.
    #[inline(always)]
    pub(crate) fn plus_scaled<const FMA: bool>(mut self, factor: f32, other: &Self) -> Self {
        for (sum, value) in self.0.iter_mut().zip(&other.0) {
            *sum = multiply_add::<FMA>(factor, *value, *sum);
        }
        self
    }

    /// `self + a * b`, lane by lane.
    #[inline(always)]
    pub(crate) fn plus_products<const FMA: bool>(mut self, a: &Self, b: &Self) -> Self {
        for ((sum, a), b) in self.0.iter_mut().zip(&a.0).zip(&b.0) {
            *sum = multiply_add::<FMA>(*a, *b, *sum);
        }
        self
    }

    /// The sum of all lanes, folded in halves.
    #[inline(always)]
    pub(crate) fn sum(self) -> f32 {
        let Self(mut lanes) = self;
        let mut width = LANES / 2;
        while width > 0 {
            let (low, high) = lanes.split_at_mut(width);
            for (sum, value) in low.iter_mut().zip(high.iter()) {
                *sum += *value;
            }
            width /= 2;
        }
        let [sum, ..] = lanes;
        sum
    }
}

/// `a * b + c`, in one instruction where the processor has it.
#[inline(always)]
fn multiply_add<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// The dot product of two vectors.
#[inline(always)]
pub(crate) fn dot<const B: usize, const FMA: bool>(a: &Row<B>, b: &Row<B>) -> f32 {
    let mut sum = Lanes::ZERO;
    for (a, b) in a.iter().zip(b) {
        sum = sum.plus_products::<FMA>(a, b);
    }
    sum.sum()
}

/// `sum += factor * row`.
#[inline(always)]
pub(crate) fn add_scaled<const B: usize, const FMA: bool>(
    sum: &mut Row<B>,
    factor: f32,
    row: &Row<B>,
) {
    for (sum, value) in sum.iter_mut().zip(row) {
        *sum = sum.plus_scaled::<FMA>(factor, value);
    }
}

/// Work that is worth compiling once per generation of processors.
pub(crate) trait Op {
    /// What the work gives.
    type Out;
    /// Does the work; `FMA` says whether multiply-add is one instruction.
    fn run<const FMA: bool>(self) -> Self::Out;
}

/// Does the work with the widest instructions that this processor has.
#[multiversion::multiversion(targets(
    "x86_64+avx512f+avx512vl+avx2+fma",
    "x86_64+avx2+fma",
    "aarch64+neon"
))]
pub(crate) fn dispatch<O: Op>(op: O) -> O::Out {
    if multiversion::target::target_cfg_f!(any(target_feature = "fma", target_arch = "aarch64")) {
        op.run::<true>()
    } else {
        op.run::<false>()
    }
}

/// How many [`Lanes`] hold a row of so many numbers: 1, 2, 4 or 8, so that few versions of the code are compiled.
pub(crate) fn blocks_for(columns: usize) -> usize {
    columns.div_ceil(LANES).next_power_of_two()
}

/// Calls generic code with the number of [`Lanes`] per row, one of [`blocks_for`]'s, as a constant.
macro_rules! with_blocks {
    ($blocks:expr, $constant:ident => $body:expr) => {
        match $blocks {
            1 => {
                const $constant: usize = 1;
                $body
            }
            2 => {
                const $constant: usize = 2;
                $body
            }
            4 => {
                const $constant: usize = 4;
                $body
            }
            _ => {
                const $constant: usize = 8;
                $body
            }
        }
    };
}
pub(crate) use with_blocks;

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "small whole numbers are exact")]
    use super::*;

    #[test]
    fn sums_count_every_lane() {
        let row: Row<2> =
            std::array::from_fn(|b| Lanes(std::array::from_fn(|l| (b * LANES + l) as f32)));
        assert_eq!(row.iter().map(|b| b.sum()).sum::<f32>(), (0..32).sum::<i32>() as f32);
        let expected: i32 = (0..32).map(|v| v * v).sum();
        assert_eq!(dot::<2, false>(&row, &row), expected as f32);
        assert_eq!(dot::<2, true>(&row, &row), expected as f32);
    }
}
