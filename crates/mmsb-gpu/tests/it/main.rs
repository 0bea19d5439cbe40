//! Pages in slabs behave as byte arrays do, whoever runs the programs.

#[cfg(feature = "device")]
mod brought;
mod cases;
mod coalesce;
mod derive;
#[cfg(feature = "device")]
mod device;
mod faulty;
mod follow;
#[cfg(feature = "device")]
mod formula;
mod host;
mod later;
mod model;
mod permuted;
mod residents;
#[cfg(feature = "device")]
mod shaders;
mod slabs;
#[cfg(feature = "device")]
mod traffic;
