//! A matrix of factor rows, each padded with zeros to whole [`Lanes`].
//!
//! * The padding is always zero, so it never changes a dot product.
//! * A matrix has at most [`FACTORS_MAX`](crate::FACTORS_MAX) columns.

use crate::{
    FACTORS_MAX,
    lanes::{LANES, Lanes, Op, Row, add_scaled, blocks_for, dispatch, dot, with_blocks},
};

/// Rows of factors.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    columns: usize,
    blocks: usize,
    lanes: Vec<Lanes>,
}

impl Matrix {
    /// A matrix of zeros. More columns than [`FACTORS_MAX`](crate::FACTORS_MAX) are cut off.
    pub fn zeros(rows: usize, columns: usize) -> Self {
        let columns = columns.clamp(1, FACTORS_MAX);
        let blocks = blocks_for(columns);
        Self { columns, blocks, lanes: vec![Lanes::ZERO; rows * blocks] }
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.lanes.len() / self.blocks
    }

    /// How many numbers a row has.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// A row's numbers; `None` for a row that is not there.
    pub fn row(&self, row: u32) -> Option<Vec<f32>> {
        let lanes = self.row_lanes(row)?;
        Some(lanes.iter().flat_map(|l| l.0).take(self.columns).collect())
    }

    /// Puts numbers into a row; false if the row is not there or the length is wrong.
    pub fn set_row(&mut self, row: u32, values: &[f32]) -> bool {
        let fits = values.len() == self.columns;
        let Some(lanes) = self.row_lanes_mut(row).filter(|_| fits) else { return false };
        for (lanes, values) in lanes.iter_mut().zip(values.chunks(LANES)) {
            for (lane, value) in lanes.0.iter_mut().zip(values) {
                *lane = *value;
            }
        }
        true
    }

    /// Adds rows of zeros until there are `rows`.
    pub fn grow(&mut self, rows: usize) {
        if rows > self.rows() {
            self.lanes.resize(rows * self.blocks, Lanes::ZERO);
        }
    }

    /// All numbers in row order, without padding.
    pub fn values(&self) -> impl Iterator<Item = f32> + '_ {
        let rows = self.lanes.chunks_exact(self.blocks);
        rows.flat_map(|row| row.iter().flat_map(|l| l.0).take(self.columns))
    }

    /// The dot product of each row with a vector, into `scores`. The vector's missing numbers count as zero.
    pub fn scores(&self, vector: &[f32], scores: &mut Vec<f32>) {
        let mut padded = Self::zeros(1, self.columns);
        for (lanes, values) in padded.lanes.iter_mut().zip(vector.chunks(LANES)) {
            for (lane, value) in lanes.0.iter_mut().zip(values) {
                *lane = *value;
            }
        }
        scores.clear();
        scores.resize(self.rows(), 0.0);
        dispatch(Scores { matrix: self, vector: &padded, out: scores });
    }

    /// The sum of listed rows.
    pub(crate) fn sum_listed(&self, list: &[u32]) -> Vec<f32> {
        let mut sum = dispatch(SumListed { matrix: self, list });
        sum.truncate(self.columns);
        sum
    }

    /// The first rows as a square, row-major.
    pub(crate) fn to_square(&self) -> Vec<f64> {
        let mut square = vec![0.0; self.columns * self.columns];
        let rows = square.chunks_exact_mut(self.columns).zip(self.lanes.chunks_exact(self.blocks));
        for (out, row) in rows {
            for (out, lanes) in out.chunks_mut(LANES).zip(row) {
                for (out, value) in out.iter_mut().zip(&lanes.0) {
                    *out = f64::from(*value);
                }
            }
        }
        square
    }

    pub(crate) fn blocks(&self) -> usize {
        self.blocks
    }

    pub(crate) fn row_lanes(&self, row: u32) -> Option<&[Lanes]> {
        let start = row as usize * self.blocks;
        self.lanes.get(start..start + self.blocks)
    }

    pub(crate) fn row_lanes_mut(&mut self, row: u32) -> Option<&mut [Lanes]> {
        let start = row as usize * self.blocks;
        self.lanes.get_mut(start..start + self.blocks)
    }

    /// Everything as one sequence, padding included.
    pub(crate) fn as_flat(&self) -> &[Lanes] {
        &self.lanes
    }

    pub(crate) fn as_flat_mut(&mut self) -> &mut [Lanes] {
        &mut self.lanes
    }

    /// All rows as arrays; `B` must be [`Matrix::blocks`].
    pub(crate) fn as_rows<const B: usize>(&self) -> &[Row<B>] {
        debug_assert_eq!(B, self.blocks, "rows are cut at their length");
        self.lanes.as_chunks().0
    }

    pub(crate) fn as_rows_mut<const B: usize>(&mut self) -> &mut [Row<B>] {
        debug_assert_eq!(B, self.blocks, "rows are cut at their length");
        self.lanes.as_chunks_mut().0
    }
}

struct Scores<'a> {
    matrix: &'a Matrix,
    vector: &'a Matrix,
    out: &'a mut [f32],
}

impl Op for Scores<'_> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        with_blocks!(self.matrix.blocks, B => {
            let [vector] = self.vector.as_rows::<B>() else { return };
            for (score, row) in self.out.iter_mut().zip(self.matrix.as_rows::<B>()) {
                *score = dot::<B, FMA>(row, vector);
            }
        });
    }
}

struct SumListed<'a> {
    matrix: &'a Matrix,
    list: &'a [u32],
}

impl Op for SumListed<'_> {
    type Out = Vec<f32>;

    #[inline(always)]
    fn run<const FMA: bool>(self) -> Vec<f32> {
        with_blocks!(self.matrix.blocks, B => {
            let rows = self.matrix.as_rows::<B>();
            let mut sum = [Lanes::ZERO; B];
            for row in self.list.iter().filter_map(|row| rows.get(*row as usize)) {
                add_scaled::<B, FMA>(&mut sum, 1.0, row);
            }
            sum.iter().flat_map(|l| l.0).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_their_numbers_and_padding_stays_zero() {
        let mut matrix = Matrix::zeros(2, 20);
        let values: Vec<f32> = (0..20).map(|v| v as f32).collect();
        assert!(matrix.set_row(1, &values));
        assert!(!matrix.set_row(2, &values) && !matrix.set_row(0, &values[1..]));
        matrix.grow(3);
        assert_eq!((matrix.rows(), matrix.row(1), matrix.row(3)), (3, Some(values.clone()), None));
        let mut scores = Vec::new();
        matrix.scores(&values, &mut scores);
        assert_eq!(scores, [0.0, (0..20).map(|v| v * v).sum::<i32>() as f32, 0.0]);
        assert_eq!(matrix.values().count(), 60);
    }
}
