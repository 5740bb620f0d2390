//! One running engine: opens a home, restores it, owns every task.
