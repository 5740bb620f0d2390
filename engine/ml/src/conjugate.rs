//! One half of an ALS iteration: a few conjugate gradient steps for every row of one side.
//!
//! * Each row minimises `x·(G + (alpha − 1)·Σ y·yᵀ)·x/2 − alpha·Σ y·x`, where `G` is the other side's Gram matrix with the
//!   regularisation on its diagonal, and the sums go over the row's observed entries `y`.
//! * A row starts from its last value, so three steps are enough; a row with nothing observed becomes zero.
//! * Rows are independent of one another: threads do not change the result.

use rayon::prelude::*;

use crate::{
    interactions::Lists,
    lanes::{Lanes, Op, Row, add_scaled, dispatch, dot, with_blocks},
    matrix::Matrix,
    normal::Normal,
};

/// Steps per row and iteration.
const STEPS: u32 = 3;
/// Rows solved by one task.
const GROUP: usize = 64;
/// A squared residual below this is solved.
const SOLVED: f32 = 1e-20;

/// What a sweep reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sweep<'a> {
    /// Vectors of the other side.
    pub(crate) others: &'a Matrix,
    /// Their Gram matrix with the regularisation on its diagonal.
    pub(crate) normal: &'a Normal,
    /// Which of the others each row has observed.
    pub(crate) observed: &'a Lists,
    /// Confidence of an observed pair.
    pub(crate) alpha: f32,
}

impl Sweep<'_> {
    /// Solves every row again, starting from its present value.
    pub(crate) fn solve(self, rows: &mut Matrix) {
        with_blocks!(rows.blocks(), B => {
            rows.as_rows_mut::<B>().par_chunks_mut(GROUP).enumerate().for_each(|(group, rows)| {
                dispatch(SolveRows { sweep: self, first: (group * GROUP) as u32, rows });
            });
        });
    }
}

struct SolveRows<'a, const B: usize> {
    sweep: Sweep<'a>,
    first: u32,
    rows: &'a mut [Row<B>],
}

impl<const B: usize> Op for SolveRows<'_, B> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Sweep { others, normal, observed, alpha } = self.sweep;
        let system = System { others: others.as_rows(), normal: normal.matrix().as_rows(), alpha };
        for (row, x) in (self.first..).zip(self.rows) {
            system.solve::<FMA>(observed.list(row), x);
        }
    }
}

struct System<'a, const B: usize> {
    others: &'a [Row<B>],
    normal: &'a [Row<B>],
    alpha: f32,
}

impl<const B: usize> System<'_, B> {
    #[inline(always)]
    fn solve<const FMA: bool>(&self, observed: &[u32], x: &mut Row<B>) {
        if observed.is_empty() {
            *x = [Lanes::ZERO; B];
            return;
        }
        let mut residual = self.residual::<FMA>(observed, x);
        let mut direction = residual;
        let mut error = dot::<B, FMA>(&residual, &residual);
        for step in 1..=STEPS {
            if error < SOLVED {
                return;
            }
            let (product, curvature) = self.product::<FMA>(observed, &direction, step < STEPS);
            let length = error / curvature;
            add_scaled::<B, FMA>(x, length, &direction);
            if step == STEPS {
                return;
            }
            add_scaled::<B, FMA>(&mut residual, -length, &product);
            let next = dot::<B, FMA>(&residual, &residual);
            let mut turned = residual;
            add_scaled::<B, FMA>(&mut turned, next / error, &direction);
            direction = turned;
            error = next;
        }
    }

    /// `b − A·x`.
    #[inline(always)]
    fn residual<const FMA: bool>(&self, observed: &[u32], x: &Row<B>) -> Row<B> {
        let mut sum = self.normal_times::<FMA>(x);
        for lanes in &mut sum {
            lanes.0.iter_mut().for_each(|v| *v = -*v);
        }
        for y in self.entries(observed) {
            let factor = self.alpha - (self.alpha - 1.0) * dot::<B, FMA>(y, x);
            add_scaled::<B, FMA>(&mut sum, factor, y);
        }
        sum
    }

    /// `A·p`, and `p·A·p` from the dot products alone; the last step needs no more than that.
    #[inline(always)]
    fn product<const FMA: bool>(&self, observed: &[u32], p: &Row<B>, full: bool) -> (Row<B>, f32) {
        let weight = self.alpha - 1.0;
        let mut sum = self.normal_times::<FMA>(p);
        let mut curvature = dot::<B, FMA>(&sum, p);
        if full {
            for y in self.entries(observed) {
                let along = dot::<B, FMA>(y, p);
                curvature += weight * along * along;
                add_scaled::<B, FMA>(&mut sum, weight * along, y);
            }
        } else {
            for y in self.entries(observed) {
                let along = dot::<B, FMA>(y, p);
                curvature += weight * along * along;
            }
        }
        (sum, curvature)
    }

    #[inline(always)]
    fn entries<'s>(&'s self, observed: &'s [u32]) -> impl Iterator<Item = &'s Row<B>> {
        observed.iter().filter_map(|row| self.others.get(*row as usize))
    }

    /// `G·p`, as a sum of `G`'s rows because it is symmetric.
    #[inline(always)]
    fn normal_times<const FMA: bool>(&self, p: &Row<B>) -> Row<B> {
        let mut sum = [Lanes::ZERO; B];
        for (rows, p) in self.normal.as_chunks::<16>().0.iter().zip(p) {
            for (row, p) in rows.iter().zip(&p.0) {
                add_scaled::<B, FMA>(&mut sum, *p, row);
            }
        }
        sum
    }
}
