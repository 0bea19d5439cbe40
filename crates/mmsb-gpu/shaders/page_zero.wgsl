// page_zero.wgsl -- makes quads (16 bytes) of a slab zero.
// Shape:    one workgroup of 256 a tile; tiles above 65,535 fold into y.
// Reads:    tiles[params.first ..][.. params.count].
// Writes:   target_slab[tile.target ..][.. tile.count] = 0.
// Requires: tiles do not overlap.
// Twin:     src/cpu/page_zero.rs -- byte for byte.

struct Params { first: u32, count: u32, pad: u32, more: u32 }
struct Tile { target_quad: u32, source: u32, count: u32, offset: u32, result: u32, mask: u32, inputs: u32, pad: u32 }

var<immediate> params: Params;
@group(0) @binding(0) var<storage, read> tiles: array<Tile>;
@group(1) @binding(0) var<storage, read_write> target_slab: array<vec4<u32>>;

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
