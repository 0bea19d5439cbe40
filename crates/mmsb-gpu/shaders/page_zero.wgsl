// page_zero.wgsl -- makes quads (16 bytes) of a slab zero.
// Shape:    one workgroup of 256 a tile; tiles above 65,535 fold into y.
// Reads:    tiles[params.first ..][.. params.count].
// Writes:   target_slab[tile.target ..][.. tile.count] = 0.
// Requires: tiles do not overlap.
// Twin:     src/cpu/page_zero.rs -- byte for byte.

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = group.y * groups.x + group.x;
    if index >= params.count { return; }
    let tile = tiles[params.first + index];
    for (var i = lane; i < tile.count; i += 256u) {
        target_slab[tile.target_quad + i] = vec4<u32>(0u);
    }
}
