//! Pages in slabs behave as byte arrays do, whoever runs the programs.

mod cases;
mod coalesce;
#[cfg(feature = "device")]
mod device;
mod host;
mod model;
mod permuted;
mod residents;
#[cfg(feature = "device")]
mod shaders;
mod slabs;
