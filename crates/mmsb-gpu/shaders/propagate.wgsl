// propagate.wgsl -- integers of pages combined to those of one: one level of a graph.
// Shape:    one workgroup of 256 a tile; tiles above 65,535 fold into y.
// Reads:    tiles[params.first ..][.. params.count]; tile.inputs quads of the batch from tile.source on, each with an
//           input's first quad in source_slab and its factor; of each input, tile.count quads from tile.offset on;
//           the target itself where tile.mask is 1.
// Writes:   target_slab[tile.target_quad ..][.. tile.count].
// Requires: no target is another's target or input.
// Variant:  COMBINE as the enum in src/step.rs numbers it: xor, add, min, max, axpy; all modulo 2^32, without sign.
// Twin:     src/cpu/propagate.rs -- byte for byte.

override COMBINE: u32 = 0u;

fn fold(sum: vec4<u32>, quad: vec4<u32>, factor: u32) -> vec4<u32> {
    if COMBINE == 0u { return sum ^ quad; }
    if COMBINE == 1u { return sum + quad; }
    if COMBINE == 2u { return min(sum, quad); }
    if COMBINE == 3u { return max(sum, quad); }
    return sum + quad * factor;
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
    let identity = select(0u, 0xffffffffu, COMBINE == 2u);
    for (var i = lane; i < tile.count; i += 256u) {
        var sum = vec4<u32>(identity);
        if tile.mask == 1u { sum = target_slab[tile.target_quad + i]; }
        for (var input = 0u; input < tile.inputs; input++) {
            let place = batch[tile.source + input];
            sum = fold(sum, source_slab[place.x + tile.offset + i], place.y);
        }
        target_slab[tile.target_quad + i] = sum;
    }
}
