
// formula.wgsl -- what stands behind a formula: calls its `compute` for each integer of a page.
// Shape:    one workgroup of 256 a tile; tiles above 65,535 fold into y.
// Reads:    mmsb_tiles[mmsb_params.first ..][.. mmsb_params.count]; mmsb_inputs[tile.source ..][.. tile.inputs]: first
//           word, bytes, two unused; of mmsb_source the words of inputs.
// Writes:   mmsb_target[tile.target_quad * 4 ..]: the words of tile.count quads from word tile.offset * 4 of the page
//           on, up to its end at byte tile.mask.
// Requires: no tile writes what another reads or writes.
// Twin:     none; tests hold it against functions on bytes.

struct MmsbParams { first: u32, count: u32, pad: u32, more: u32 }
struct MmsbTile { target_quad: u32, source: u32, count: u32, offset: u32, result: u32, mask: u32, inputs: u32, pad: u32 }

var<immediate> mmsb_params: MmsbParams;
@group(0) @binding(0) var<storage, read> mmsb_tiles: array<MmsbTile>;
@group(0) @binding(1) var<storage, read> mmsb_inputs: array<vec4<u32>>;
@group(1) @binding(0) var<storage, read_write> mmsb_target: array<u32>;
@group(2) @binding(0) var<storage, read_write> mmsb_source: array<u32>;

var<private> mmsb_tile: MmsbTile;

fn input_count() -> u32 { return mmsb_tile.inputs; }

fn output_bytes() -> u32 { return mmsb_tile.mask; }

fn input_bytes(page: u32) -> u32 {
    if page >= mmsb_tile.inputs { return 0u; }
    return mmsb_inputs[mmsb_tile.source + page].y;
}

fn input(page: u32, index: u32) -> u32 {
    if page >= mmsb_tile.inputs { return 0u; }
    let place = mmsb_inputs[mmsb_tile.source + page];
    // Bytes behind a page are zero up to its last whole word.
    if index >= (place.y + 3u) / 4u { return 0u; }
    return mmsb_source[place.x + index];
}

@compute @workgroup_size(256)
fn mmsb_main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let tile_index = group.y * groups.x + group.x;
    if tile_index >= mmsb_params.count { return; }
    mmsb_tile = mmsb_tiles[mmsb_params.first + tile_index];
    for (var i = lane; i < mmsb_tile.count * 4u; i += 256u) {
        let index = mmsb_tile.offset * 4u + i;
        let first_byte = index * 4u;
        if first_byte >= mmsb_tile.mask { return; }
        let bytes = min(4u, mmsb_tile.mask - first_byte);
        mmsb_target[mmsb_tile.target_quad * 4u + i] = compute(index) & (0xffffffffu >> (8u * (4u - bytes)));
    }
}
