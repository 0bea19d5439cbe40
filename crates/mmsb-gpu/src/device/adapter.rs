//! Finding a device and opening it.

use pollster::block_on;

use super::{clock, pipelines::PARAMS_BYTES};
use crate::GpuError;

/// What a device is, as its driver says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The device's name.
    pub name: String,
    /// The driver's name and version.
    pub driver: String,
    /// It is a program that runs on the host's processors.
    pub is_software: bool,
    /// It can tell how long its work takes.
    pub has_clock: bool,
}

/// An opened device.
pub(super) struct Opened {
    pub about: About,
    pub device: wgpu::Device,
    pub queue: wgpu::Queue,
}

/// Opens the best device there is.
pub(super) fn open() -> Result<Opened, GpuError> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let options = wgpu::RequestAdapterOptions {
        power_preference: wgpu::PowerPreference::HighPerformance,
        ..wgpu::RequestAdapterOptions::default()
    };
    let adapter = block_on(instance.request_adapter(&options));
    let adapter = adapter.map_err(|error| GpuError::NoAdapter { why: error.to_string() })?;
    let about = about(adapter.get_info(), adapter.features());
    serves(&about.name, adapter.features(), &adapter.limits())?;
    let (device, queue) = block_on(adapter.request_device(&descriptor(&adapter)))
        .map_err(|error| GpuError::Unsupported { device: about.name.clone(), what: error.to_string() })?;
    Ok(Opened { about, device, queue })
}

/// Takes a device that somebody else opened.
pub(super) fn brought(device: wgpu::Device, queue: wgpu::Queue) -> Result<Opened, GpuError> {
    let about = about(device.adapter_info(), device.features());
    serves(&about.name, device.features(), &device.limits())?;
    Ok(Opened { about, device, queue })
}

pub(super) fn descriptor(adapter: &wgpu::Adapter) -> wgpu::DeviceDescriptor<'static> {
    wgpu::DeviceDescriptor {
        label: Some("mmsb"),
        required_features: wgpu::Features::IMMEDIATES | (adapter.features() & clock::FEATURES),
        // The defaults are lower than what most devices have.
        required_limits: adapter.limits(),
        ..wgpu::DeviceDescriptor::default()
    }
}

fn about(info: wgpu::AdapterInfo, features: wgpu::Features) -> About {
    About {
        driver: format!("{} {}", info.driver, info.driver_info),
        is_software: info.device_type == wgpu::DeviceType::Cpu,
        has_clock: features.contains(clock::FEATURES),
        name: info.name,
    }
}

/// Refuses a device that lacks what every kernel needs.
fn serves(name: &str, features: wgpu::Features, limits: &wgpu::Limits) -> Result<(), GpuError> {
    let needs = [
        (features.contains(wgpu::Features::IMMEDIATES), "immediates"),
        (limits.max_immediate_size >= PARAMS_BYTES, "16 bytes of immediates"),
        (limits.max_compute_invocations_per_workgroup >= 256, "workgroups of 256"),
        (limits.max_compute_workgroup_size_x >= 256, "workgroups of 256 in one dimension"),
        (limits.max_storage_buffers_per_shader_stage >= 5, "five buffers for a kernel"),
        (limits.max_bind_groups >= 3, "three groups of buffers"),
    ];
    match needs.iter().find(|(is_met, _)| !is_met) {
        Some((_, what)) => Err(GpuError::Unsupported { device: name.to_owned(), what: (*what).to_owned() }),
        None => Ok(()),
    }
}
