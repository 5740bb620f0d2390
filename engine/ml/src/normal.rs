//! Normal matrices: sums of a row times itself, which every row solve rests on.
//!
//! * A [`Normal`] is symmetric and both of its halves are filled; a [`Normal::system`] fills the upper one.
//! * Sums are taken per fixed group of rows and then in group order, so threads do not change them.

use rayon::prelude::*;

use crate::{
    lanes::{LANES, Lanes, Op, Row, dispatch, with_blocks},
    matrix::Matrix,
};

/// Rows summed by one task.
const GROUP: usize = 512;

/// A symmetric matrix, `Σ row · rowᵀ` over some rows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Normal(Matrix);

impl Normal {
    /// The Gram matrix `MᵀM` of all rows.
    pub(crate) fn gram(matrix: &Matrix) -> Self {
        let groups: Vec<Self> = with_blocks!(matrix.blocks(), B => {
            matrix
                .as_rows::<B>()
                .par_chunks(GROUP)
                .map(|rows| {
                    let mut sum = Self::zero(matrix);
                    dispatch(AddRows { normal: &mut sum, rows: rows.iter(), weight: 1.0 });
                    sum
                })
                .collect()
        });
        let mut total = Self::zero(matrix);
        for group in &groups {
            for (sum, value) in total.0.as_flat_mut().iter_mut().zip(group.0.as_flat()) {
                *sum = sum.plus_scaled::<false>(1.0, value);
            }
        }
        total.mirror();
        total
    }

    /// `self + weight · Σ row · rowᵀ + diagonal · I` over listed rows: square, row-major, only the upper half valid.
    pub(crate) fn system(
        &self,
        rows: &Matrix,
        list: &[u32],
        weight: f32,
        diagonal: f32,
    ) -> Vec<f64> {
        let mut sum = self.clone();
        sum.add_listed(rows, list, weight);
        sum.add_diagonal(diagonal);
        sum.0.to_square()
    }

    /// Adds `weight · Σ row · rowᵀ` over listed rows, to the upper half alone.
    fn add_listed(&mut self, matrix: &Matrix, list: &[u32], weight: f32) {
        with_blocks!(matrix.blocks(), B => {
            let all = matrix.as_rows::<B>();
            let rows = list.iter().filter_map(|row| all.get(*row as usize));
            dispatch(AddRows { normal: self, rows, weight });
        });
    }

    /// Adds `weight · row · rowᵀ` for one row.
    pub(crate) fn add_one(&mut self, row: &[Lanes], weight: f32) {
        dispatch(AddOne { normal: self, row, weight });
    }

    /// Adds to the diagonal.
    pub(crate) fn add_diagonal(&mut self, value: f32) {
        for column in 0..self.0.columns() {
            if let Some(row) = self.0.row_lanes_mut(column as u32)
                && let Some(lane) =
                    row.get_mut(column / LANES).and_then(|l| l.0.get_mut(column % LANES))
            {
                *lane += value;
            }
        }
    }

    /// The matrix itself.
    pub(crate) fn matrix(&self) -> &Matrix {
        &self.0
    }

    fn zero(like: &Matrix) -> Self {
        Self(Matrix::zeros(like.blocks() * LANES, like.columns()))
    }

    /// Copies the upper half to the lower one.
    fn mirror(&mut self) {
        let columns = self.0.columns();
        let blocks = self.0.blocks();
        let flat = self.0.as_flat_mut();
        for row in 0..columns {
            for column in 0..row {
                let from = flat.get(column * blocks + row / LANES).copied();
                let value = from.and_then(|l| l.0.get(row % LANES).copied()).unwrap_or_default();
                if let Some(lanes) = flat.get_mut(row * blocks + column / LANES)
                    && let Some(lane) = lanes.0.get_mut(column % LANES)
                {
                    *lane = value;
                }
            }
        }
    }
}

struct AddRows<'a, I> {
    normal: &'a mut Normal,
    rows: I,
    weight: f32,
}

impl<'a, const B: usize, I: Iterator<Item = &'a Row<B>>> Op for AddRows<'_, I> {
    type Out = ();

    /// Sums the upper half, four rows at a time so that each sum is loaded once for four.
    #[inline(always)]
    fn run<const FMA: bool>(mut self) {
        let zero = [Lanes::ZERO; B];
        let sums = self.normal.0.as_rows_mut::<B>();
        while let Some(first) = self.rows.next() {
            let rest = [self.rows.next(), self.rows.next(), self.rows.next()];
            let [second, third, fourth] = rest.map(|row| row.unwrap_or(&zero));
            add_four::<B, FMA>(sums, [first, second, third, fourth], self.weight);
        }
    }
}

#[inline(always)]
fn add_four<const B: usize, const FMA: bool>(sums: &mut [Row<B>], rows: [&Row<B>; 4], weight: f32) {
    for (block, sums) in sums.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
        let factors = rows.map(|row| row.get(block).copied().unwrap_or_default());
        for (lane, sum) in sums.iter_mut().enumerate() {
            let factors = factors.map(|f| f.0.get(lane).copied().unwrap_or_default() * weight);
            for (at, sum) in sum.iter_mut().enumerate() {
                // A test rather than `skip`: the loop keeps its fixed trip count and is unrolled into vectors.
                if at >= block {
                    let values = rows.map(|row| row.get(at).unwrap_or(&Lanes::ZERO));
                    *sum = factors
                        .iter()
                        .zip(values)
                        .fold(*sum, |sum, (factor, value)| sum.plus_scaled::<FMA>(*factor, value));
                }
            }
        }
    }
}

struct AddOne<'a> {
    normal: &'a mut Normal,
    row: &'a [Lanes],
    weight: f32,
}

impl Op for AddOne<'_> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        with_blocks!(self.normal.0.blocks(), B => {
            let ([row], _) = self.row.as_chunks::<B>() else { return };
            let factors = row.iter().flat_map(|l| l.0);
            for (sum, factor) in self.normal.0.as_rows_mut::<B>().iter_mut().zip(factors) {
                crate::lanes::add_scaled::<B, FMA>(sum, factor * self.weight, row);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(rows: u32, columns: usize) -> Matrix {
        let mut matrix = Matrix::zeros(rows as usize, columns);
        for row in 0..rows {
            let values: Vec<f32> =
                (0..columns).map(|c| ((row as usize * 7 + c * 3) % 11) as f32 - 5.0).collect();
            assert!(matrix.set_row(row, &values));
        }
        matrix
    }

    fn naive(matrix: &Matrix, rows: impl Iterator<Item = u32>) -> Vec<f32> {
        let columns = matrix.columns();
        let mut sum = vec![0.0; columns * columns];
        for row in rows {
            let row = matrix.row(row).unwrap();
            for a in 0..columns {
                for b in 0..columns {
                    sum[a * columns + b] += row[a] * row[b];
                }
            }
        }
        sum
    }

    fn values(normal: &Normal, columns: usize) -> Vec<f32> {
        normal.matrix().values().take(columns * columns).collect()
    }

    #[test]
    fn the_gram_matrix_is_the_sum_of_outer_products() {
        for columns in [3, 16, 20, 64] {
            let matrix = numbered(1_300, columns);
            assert_eq!(values(&Normal::gram(&matrix), columns), naive(&matrix, 0..1_300));
        }
    }

    #[test]
    fn listed_rows_and_single_rows_add_the_same() {
        let matrix = numbered(9, 20);
        let mut listed = Normal::gram(&Matrix::zeros(0, 20));
        listed.add_listed(&matrix, &[1, 2, 3, 5, 8], 1.0);
        listed.mirror();
        let mut single = Normal::gram(&Matrix::zeros(0, 20));
        for row in [1, 2, 3, 5, 8] {
            single.add_one(matrix.row_lanes(row).unwrap(), 1.0);
        }
        assert_eq!(listed, single);
        assert_eq!(values(&listed, 20), naive(&matrix, [1, 2, 3, 5, 8].into_iter()));
    }
}
