//! The web as its clients meet it: every route through the gate, signing in, the live connection, errors.

mod gate;
mod labs;
mod live;
mod login;
mod protocol;
