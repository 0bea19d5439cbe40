//! Buffers of a device, and how many were ever made.

use std::sync::atomic::{AtomicU64, Ordering};

use wgpu::BufferUsages;

/// Shortest buffer that grows, in bytes.
const BUFFER_BYTES_MIN: u64 = 64 << 10;

/// Makes buffers.
pub(super) struct Memory {
    device: wgpu::Device,
    made: AtomicU64,
}

impl Memory {
    pub const fn new(device: wgpu::Device) -> Self {
        Self { device, made: AtomicU64::new(0) }
    }

    pub const fn device(&self) -> &wgpu::Device {
        &self.device
    }

    /// Returns how many buffers were made. Work that goes on as it did before makes none.
    pub fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    /// Makes a buffer of zeros.
    pub fn buffer(&self, label: &'static str, size: u64, usage: BufferUsages) -> wgpu::Buffer {
        // The host's mapping of a buffer that it writes is there from the start.
        let mapped_at_creation = usage.contains(BufferUsages::MAP_WRITE);
        self.made.fetch_add(1, Ordering::Relaxed);
        self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(label),
            size,
            usage,
            mapped_at_creation,
        })
    }

    /// Replaces a buffer that is too short; tells whether it did.
    pub fn grow(&self, old: &mut wgpu::Buffer, label: &'static str, need_bytes: u64) -> bool {
        let is_short = old.size() < need_bytes;
        if is_short {
            *old = self.buffer(label, grown(need_bytes), old.usage());
        }
        is_short
    }
}

/// Returns how long a buffer is made that needs so many bytes.
pub(super) const fn grown(need_bytes: u64) -> u64 {
    if need_bytes < BUFFER_BYTES_MIN { BUFFER_BYTES_MIN } else { need_bytes.next_power_of_two() }
}
