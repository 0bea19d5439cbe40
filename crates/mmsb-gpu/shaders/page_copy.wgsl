// page_copy.wgsl -- copies quads (16 bytes) of a slab, or of the batch, to a slab.
// Shape:    one workgroup of 256 a tile; tiles above 65,535 fold into y.
// Reads:    tiles[params.first ..][.. params.count]; source_slab or batch[tile.source ..][.. tile.count].
// Writes:   target_slab[tile.target_quad ..][.. tile.count].
// Requires: tiles overlap neither each other's targets nor any source.
// Variant:  FROM_BATCH reads the batch (kernel page_write).
// Twin:     src/cpu/page_copy.rs -- byte for byte.

override FROM_BATCH: bool = false;

fn quad(index: u32) -> vec4<u32> {
    if FROM_BATCH { return batch[index]; }
    return source_slab[index];
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
    if tile.count == 1024u {
        // Four loads, then four stores: the slabs may be one, so a load does not pass a store by itself.
        let i = tile.source + lane;
        let a = quad(i);
        let b = quad(i + 256u);
        let c = quad(i + 512u);
        let d = quad(i + 768u);
        let o = tile.target_quad + lane;
        target_slab[o] = a;
        target_slab[o + 256u] = b;
        target_slab[o + 512u] = c;
        target_slab[o + 768u] = d;
        return;
    }
    for (var i = lane; i < tile.count; i += 256u) {
        target_slab[tile.target_quad + i] = quad(tile.source + i);
    }
}
