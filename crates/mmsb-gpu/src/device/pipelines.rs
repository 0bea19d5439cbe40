//! Compiled kernels and the layouts that all of them share.
//!
//! Groups: 0 is the batch (tiles, words, answer), 1 the slab that is written, 2 the slab that is read. The two may be
//! one: both are bound as written, which a device allows.

use std::collections::BTreeMap;

use crate::Kernel;

/// Bytes of a kernel's parameters.
pub(super) const PARAMS_BYTES: u32 = 16;

/// Compiled kernels.
pub(super) struct Pipelines {
    kernels: BTreeMap<Kernel, wgpu::ComputePipeline>,
    batch_layout: wgpu::BindGroupLayout,
    slab_layout: wgpu::BindGroupLayout,
    layout: wgpu::PipelineLayout,
    groups_max: u32,
}

impl Pipelines {
    /// Compiles all kernels. Errors are told to the scope that is open.
    pub fn new(device: &wgpu::Device, source: &dyn Fn(Kernel) -> String) -> Self {
        let batch_layout = layout(device, &[true, true, false]);
        let slab_layout = layout(device, &[false]);
        let groups = [Some(&batch_layout), Some(&slab_layout), Some(&slab_layout)];
        let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: None,
            bind_group_layouts: &groups,
            immediate_size: PARAMS_BYTES,
        });
        let kernels = Kernel::ALL.map(|kernel| (kernel, compile(device, &layout, kernel, source(kernel))));
        let groups_max = device.limits().max_compute_workgroups_per_dimension;
        Self { kernels: BTreeMap::from(kernels), batch_layout, slab_layout, layout, groups_max }
    }

    /// Returns a kernel's pipeline; formulas have theirs elsewhere.
    pub fn of(&self, kernel: Kernel) -> Option<&wgpu::ComputePipeline> {
        self.kernels.get(&kernel)
    }

    /// Compiles one more kernel. Errors are told to the scope that is open.
    pub fn compile(&self, device: &wgpu::Device, kernel: Kernel, source: String) -> wgpu::ComputePipeline {
        compile(device, &self.layout, kernel, source)
    }

    /// Returns how many workgroups there may be in one dimension.
    pub const fn groups_max(&self) -> u32 {
        self.groups_max
    }

    pub fn slab_group(&self, device: &wgpu::Device, slab: &wgpu::Buffer) -> wgpu::BindGroup {
        group(device, &self.slab_layout, &[slab])
    }

    pub fn batch_group(&self, device: &wgpu::Device, buffers: [&wgpu::Buffer; 3]) -> wgpu::BindGroup {
        group(device, &self.batch_layout, &buffers)
    }
}

fn compile(
    device: &wgpu::Device,
    layout: &wgpu::PipelineLayout,
    kernel: Kernel,
    source: String,
) -> wgpu::ComputePipeline {
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(kernel.source_name()),
        source: wgpu::ShaderSource::Wgsl(source.into()),
    });
    let constants: Vec<(&str, f64)> = kernel.constant().into_iter().collect();
    device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(kernel.source_name()),
        layout: Some(layout),
        module: &module,
        entry_point: Some(kernel.entry()),
        compilation_options: wgpu::PipelineCompilationOptions {
            constants: &constants,
            ..wgpu::PipelineCompilationOptions::default()
        },
        cache: None,
    })
}

/// A layout of storage buffers, of each whether it is only read.
fn layout(device: &wgpu::Device, read_only: &[bool]) -> wgpu::BindGroupLayout {
    let entries: Vec<_> = (0..).zip(read_only).map(|(binding, only)| entry(binding, *only)).collect();
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: None, entries: &entries })
}

const fn entry(binding: u32, read_only: bool) -> wgpu::BindGroupLayoutEntry {
    let ty = wgpu::BufferBindingType::Storage { read_only };
    let ty = wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None };
    wgpu::BindGroupLayoutEntry { binding, visibility: wgpu::ShaderStages::COMPUTE, ty, count: None }
}

fn group(
    device: &wgpu::Device,
    layout: &wgpu::BindGroupLayout,
    buffers: &[&wgpu::Buffer],
) -> wgpu::BindGroup {
    let entries = (0..).zip(buffers);
    let entries: Vec<_> = entries
        .map(|(binding, buffer)| wgpu::BindGroupEntry { binding, resource: buffer.as_entire_binding() })
        .collect();
    device.create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout, entries: &entries })
}
