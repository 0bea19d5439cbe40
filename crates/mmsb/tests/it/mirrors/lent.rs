//! Pages lent to the program's own work on its own device.

use mmsb::{
    Bus, Error, Gpu, GpuOps, MirrorError, PageFilter, PageId,
    wgpu::{self, Device, Queue},
};

/// A device of the program's own, if there is one.
fn own() -> Option<(Device, Queue)> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let adapter =
        pollster::block_on(instance.request_adapter(&wgpu::RequestAdapterOptions::default())).ok()?;
    Some(pollster::block_on(adapter.request_device(&GpuOps::descriptor(&adapter))).unwrap())
}

/// Copies the page's bytes out of its buffer, as a program would use them.
fn copy(device: &Device, queue: &Queue, lent: &mmsb::Lent) -> Vec<u8> {
    let bytes = lent.bytes();
    let size = (bytes.end - bytes.start).next_multiple_of(4);
    let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
    let own =
        device.create_buffer(&wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false });
    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    encoder.copy_buffer_to_buffer(lent.buffer(), bytes.start, &own, 0, size);
    queue.submit([encoder.finish()]);
    own.map_async(wgpu::MapMode::Read, .., |mapped| mapped.unwrap());
    device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
    own.get_mapped_range(..).unwrap().to_vec()
}

#[test]
fn a_program_sees_commits_in_its_own_device_and_a_lent_page_stays() {
    let Some((device, queue)) = own() else { return };
    let bus = Bus::in_memory().unwrap();
    let pages: Vec<PageId> = (0..5).map(|_| bus.create_page(None, 16 << 10).unwrap()).collect();
    let gpu = Gpu::given(device.clone(), queue.clone());
    let builder = bus.mirror(PageFilter::all()).on(gpu).slab_bytes(64 << 10);
    let mirror = builder.budget_bytes(64 << 10).start().unwrap();
    let (lent, twice) = (mirror.buffer(pages[0]).unwrap(), mirror.buffer(pages[0]).unwrap());
    drop(twice);
    for round in 0..3u8 {
        mirror.prefetch(pages.iter().skip(1).copied()).unwrap();
        let epoch = bus.write(pages[0], 300, [round; 9]).unwrap().epoch;
        mirror.wait(epoch).unwrap();
        bus.with_page(pages[0], |host| assert_eq!(copy(&device, &queue, &lent), host)).unwrap();
    }
    drop(lent);
    mirror.prefetch(pages.iter().skip(1).copied()).unwrap();
    assert_eq!(mirror.state(pages[0]), mmsb::PageState::Absent, "nobody has it any more");
    assert!(bus.mirror(pages[0]).on(Gpu::host()).start().unwrap().buffer(pages[0]).is_err());
}

#[test]
fn a_loss_that_the_program_tells_of_is_known_before_anything_is_read() {
    let Some((device, queue)) = own() else { return };
    let bus = Bus::in_memory().unwrap();
    let page = bus.create_page(None, 64).unwrap();
    let gpu = Gpu::given(device.clone(), queue);
    let (loss, mirror) = (gpu.loss().unwrap(), bus.mirror(page).on(gpu).start().unwrap());
    device.set_device_lost_callback(move |_, _| loss.tell("as the program says"));
    device.destroy();
    device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
    bus.put(page, 0, &1u8).unwrap();
    let lost = mirror.wait(bus.epoch()).unwrap_err();
    assert!(matches!(lost, Error::Mirror(MirrorError::Device { .. })), "{lost}");
    assert_eq!(mirror.status().lost.as_deref(), Some("as the program says"));
    assert!(Gpu::host().loss().is_none());
}
