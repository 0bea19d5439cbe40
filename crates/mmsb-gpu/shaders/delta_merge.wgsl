// delta_merge.wgsl -- writes masked bytes of the batch over quads (16 bytes) of a slab.
// Shape:    one workgroup of 256 a tile; tiles above 65,535 fold into y.
// Reads:    tiles[params.first ..][.. params.count]; of the batch, from quad tile.source on, the bytes, and from word
//           tile.mask on, one bit a byte. A quad masked nowhere is not read, nor is what a full mask covers.
// Writes:   target_slab[tile.target_quad ..][.. tile.count], where the mask is not 0.
// Requires: tiles do not overlap.
// Twin:     src/cpu/delta_merge.rs -- byte for byte.

// One bit a byte becomes eight.
fn byte_mask(bits: vec4<u32>) -> vec4<u32> {
    return (((bits & vec4<u32>(15u)) * 0x00204081u) & vec4<u32>(0x01010101u)) * 255u;
}

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
        let word = tile.mask + i / 2u;
        let bits = (batch[word / 4u][word % 4u] >> (16u * (i % 2u))) & 0xffffu;
        if bits == 0u { continue; }
        var quad = batch[tile.source + i];
        if bits != 0xffffu {
            let mask = byte_mask(vec4<u32>(bits, bits >> 4u, bits >> 8u, bits >> 12u));
            quad = (target_slab[tile.target_quad + i] & ~mask) | (quad & mask);
        }
        target_slab[tile.target_quad + i] = quad;
    }
}
