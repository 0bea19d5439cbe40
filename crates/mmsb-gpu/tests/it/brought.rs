//! A device that the caller has already: what it must have, what stays the caller's, and pages lent to its work.

use std::sync::{Arc, Mutex};

use mmsb_gpu::{
    GpuError, GpuOps, Insert, Loss, PageOps, Residents, Wanted,
    wgpu::{self, Adapter, DeviceDescriptor},
};
use mmsb_types::{Epoch, PageId};
use pollster::block_on;

/// An adapter, or none where the environment does not require one.
fn adapter() -> Option<Adapter> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let adapter = block_on(instance.request_adapter(&wgpu::RequestAdapterOptions::default()));
    match adapter {
        Ok(adapter) => Some(adapter),
        Err(_) if Wanted::from_env().unwrap() != Wanted::Require => None,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_device_that_lacks_something_is_refused_by_name() {
    let Some(adapter) = adapter() else { return };
    let (device, queue) = block_on(adapter.request_device(&DeviceDescriptor::default())).unwrap();
    let refused = GpuOps::with_device(device, queue, &Loss::default(), 1 << 20, 1 << 20).unwrap_err();
    let GpuError::Unsupported { device, what } = refused else { panic!("{refused}") };
    assert_eq!((device, what), (adapter.get_info().name, "immediates".to_owned()));
}

#[test]
fn a_page_is_lent_to_the_callers_own_work_on_the_same_queue() {
    let Some(adapter) = adapter() else { return };
    let (device, queue) = block_on(adapter.request_device(&GpuOps::descriptor(&adapter))).unwrap();
    let ops = GpuOps::with_device(device.clone(), queue.clone(), &Loss::default(), 1 << 20, 1 << 20).unwrap();
    let mut residents = Residents::new(ops);
    let insert =
        |page, bytes| Insert { page: PageId::new(page), bytes, epoch: Epoch::new(1), is_pinned: false };
    residents.insert_many(&[insert(1, &[1; 300]), insert(2, &[2; 300])]).unwrap();
    let (buffer, place) = residents.buffer(PageId::new(2)).unwrap();
    assert_eq!((place.end - place.start, place.start % 256), (300, 0));
    let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
    let descriptor = wgpu::BufferDescriptor { label: None, size: 300, usage, mapped_at_creation: false };
    let own = device.create_buffer(&descriptor);
    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    encoder.copy_buffer_to_buffer(buffer, place.start, &own, 0, 300);
    queue.submit([encoder.finish()]);
    own.map_async(wgpu::MapMode::Read, .., |mapped| mapped.unwrap());
    device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
    assert_eq!(own.get_mapped_range(..).unwrap()[..], [2; 300]);
    assert!(residents.buffer(PageId::new(3)).is_none());
}

#[test]
fn the_callers_handlers_stay_and_a_loss_is_told_by_the_next_answer_or_by_notice() {
    let Some(adapter) = adapter() else { return };
    for has_notice in [false, true] {
        let (device, queue) = block_on(adapter.request_device(&GpuOps::descriptor(&adapter))).unwrap();
        let (told, loss) = (Arc::new(Mutex::new(Vec::new())), Loss::default());
        let (tells, notice) = (Arc::clone(&told), has_notice.then(|| loss.clone()));
        device.set_device_lost_callback(move |reason, _| {
            tells.lock().unwrap().push(format!("{reason:?}"));
            notice.iter().for_each(|loss| loss.tell("as the caller says"));
        });
        let mut ops = GpuOps::with_device(device.clone(), queue, &loss, 1 << 20, 1 << 20).unwrap();
        let page = ops.create(64).unwrap();
        device.destroy();
        device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
        assert_eq!(*told.lock().unwrap(), ["Destroyed"]);
        let Err(GpuError::Lost { why }) = ops.read(page) else { panic!("told as lost") };
        assert_eq!(why == "as the caller says", has_notice, "{why}");
        assert!(matches!(ops.write(page, &[1; 64]), Err(GpuError::Lost { .. })));
    }
}
