/*
 * conv2d_backward_input: input_gradient[y][x][c] = or += sum over ky, kx, o of
 * output_gradient[(y + padding - ky) / stride][..][o] * weights[o / 16][ky][kx][c][o % 16], over the taps where the division
 * leaves no rest. Input positions with the same rest of (y + padding) / stride use the same taps, so they are one
 * convolution of stride 1 over the bordered output gradient, stride * stride of them in all: no zero is multiplied.
 * transposed holds one weight tensor for each of these classes, [C_in / 16][taps y][taps x][C_out][16], taps flipped.
 */
#include "conv2d_winograd.h"

namespace gradsieve {
namespace GS_ISA {

/* One dimension of one class: positions first, first + stride, ... (count of them); position number i reads taps rows of
 * the output gradient from row start + i on (before the border is added). */
struct ParityClass {
    int64_t first, count, taps, start;
};

static ParityClass parity_class(int64_t rest, int64_t size, int64_t kernel, int64_t stride, int64_t padding) {
    ParityClass p;
    p.first = ((rest - padding) % stride + stride) % stride;
    p.count = p.first < size ? (size - 1 - p.first) / stride + 1 : 0;
    p.taps = rest < kernel ? (kernel - 1 - rest) / stride + 1 : 0;
    p.start = (p.first + padding - rest) / stride - (p.taps - 1);
    return p;
}

struct Border {
    int64_t before, size; /* of the bordered output gradient along one dimension */
};

static Border border_of(int64_t size, int64_t kernel, int64_t stride, int64_t padding, int64_t out_size) {
    int64_t before = 0, end = out_size;
    for (int64_t r = 0; r < stride; r++) {
        const ParityClass p = parity_class(r, size, kernel, stride, padding);
        if (p.count == 0 || p.taps == 0) continue;
        before = larger(before, -p.start);
        end = larger(end, p.start + p.count - 1 + p.taps);
    }
    return {before, before + end};
}

struct BackwardInputScratch {
    Border rows, columns;
    Plane plane;
    int64_t group, floats;
    float* planes;
    Run* runs;
};

static BackwardInputScratch backward_input_scratch(const gs_conv2d& s, float* start) {
    BackwardInputScratch f;
    Scratch scratch = {start, 0};
    f.rows = border_of(s.height, s.kernel_height, s.stride, s.padding, output_height(s));
    f.columns = border_of(s.width, s.kernel_width, s.stride, s.padding, output_width(s));
    f.plane = plane_around(plane_of(s.out_channels, f.rows.size, f.columns.size), f.rows.before, f.columns.before, output_height(s),
                           output_width(s));
    f.group = group_of(s, f.plane.floats);
    f.planes = scratch.take(f.group * f.plane.floats);
    f.runs = reinterpret_cast<Run*>(scratch.take(count_runs(f.plane, s.kernel_height, s.kernel_width) *
                                                 static_cast<int64_t>(sizeof(Run) / sizeof(float))));
    f.floats = scratch.used;
    return f;
}

int64_t conv2d_backward_input_scratch(const gs_conv2d& s) {
    return winograd_backward_input_pays(s) ? winograd_scratch(winograd_backward_input(s))
                                           : backward_input_scratch(s, nullptr).floats;
}

static int64_t input_blocks(const gs_conv2d& s) { return (s.channels + BLOCK - 1) / BLOCK; }

int64_t conv2d_dense_transposed(const gs_conv2d& s) {
    if (winograd_backward_input_pays(s)) return winograd_filters(winograd_backward_input(s));
    return input_blocks(s) * s.kernel_height * s.kernel_width * s.out_channels * BLOCK;
}

/* One tap's [C_in][16] of every block of output channels to [C_out][16] of every block of input channels. */
static void transpose_tap(const gs_conv2d& s, const float* weights, int64_t to_block, float* transposed) {
    for (int64_t o = 0; o < s.out_channels; o += BLOCK)
        for (int64_t c = 0; c < input_blocks(s) * BLOCK; c += BLOCK) {
            const float* from = weights + o / BLOCK * weights_block(s) + c * BLOCK;
            float* to = transposed + c / BLOCK * to_block + o * BLOCK;
            transpose_filters(from, smaller(BLOCK, s.channels - c), smaller(BLOCK, s.out_channels - o), to, BLOCK);
        }
}

void conv2d_dense_transpose(const gs_conv2d& s, int64_t part, int64_t parts, const float* weights, float* transposed) {
    if (winograd_backward_input_pays(s)) return winograd_conv2d_transpose(s, part, parts, weights, transposed);
    int64_t tap = 0;
    for (int64_t ry = 0; ry < s.stride; ry++)
        for (int64_t rx = 0; rx < s.stride; rx++) {
            const ParityClass v = parity_class(ry, s.height, s.kernel_height, s.stride, s.padding);
            const ParityClass h = parity_class(rx, s.width, s.kernel_width, s.stride, s.padding);
            const int64_t block = v.taps * h.taps * s.out_channels * BLOCK;
            for (int64_t ty = 0; ty < v.taps; ty++)
                for (int64_t tx = 0; tx < h.taps; tx++) {
                    if (tap++ % parts != part) continue;
                    const int64_t ky = ry + s.stride * (v.taps - 1 - ty), kx = rx + s.stride * (h.taps - 1 - tx);
                    transpose_tap(s, weights + (ky * s.kernel_width + kx) * s.channels * BLOCK, block,
                                  transposed + (ty * h.taps + tx) * s.out_channels * BLOCK);
                }
            transposed += input_blocks(s) * block;
        }
}

/* One class of positions of a group of samples. */
static void run_class(const gs_conv2d& s, const BackwardInputScratch& f, const ParityClass& v, const ParityClass& h,
                      int64_t samples, const float* transposed, bool add, float* input_gradient) {
    const int64_t runs = v.taps * h.taps == 0 ? 0 : make_runs(f.plane, v.taps, h.taps, f.runs);
    const int64_t block = v.taps * h.taps * s.out_channels * BLOCK;
    const Pass pass = {f.runs, runs, f.plane.pitch, block, s.stride * s.pitch, false, add};
    const Cut single = conv2d_cut_row(1, h.count, pass.step), two = conv2d_cut_row(2, h.count, pass.step);
    const int64_t blocks = input_blocks(s), row = f.plane.columns * f.plane.pitch;
    const int64_t corner = runs == 0 ? 0 : (f.rows.before + v.start) * row + (f.columns.before + h.start) * f.plane.pitch;
    for (int64_t b = 0, n; b < blocks; b += n) {
        n = blocks_at(b, blocks);
        for (int64_t i = 0; i < samples; i++)
            for (int64_t y = 0; y < v.count; y++)
                run_row(n == 2 ? two : single, pass, f.planes + i * f.plane.floats + corner + (runs == 0 ? 0 : y * row),
                        transposed + b * block, nullptr, smaller(n * BLOCK, s.pitch - b * BLOCK),
                        input_gradient + ((i * s.height + v.first + y * s.stride) * s.width + h.first) * s.pitch + b * BLOCK);
    }
}

void conv2d_backward_input(const gs_conv2d& s, int64_t batch, const float* output_gradient, const float* transposed,
                           int gradient, float* input_gradient, float* scratch) {
    if (gradient == GS_GRADIENT_NONE) return;
    if (winograd_backward_input_pays(s))
        return winograd_conv2d_backward_input(s, batch, output_gradient, transposed, gradient, input_gradient, scratch);
    const BackwardInputScratch f = backward_input_scratch(s, scratch);
    const int64_t height = output_height(s), width = output_width(s);
    for (int64_t i = 0; i < f.group; i++) clear_border(f.plane, f.planes + i * f.plane.floats);
    for (int64_t first = 0; first < batch; first += f.group) {
        const int64_t samples = smaller(f.group, batch - first);
        for (int64_t i = 0; i < samples; i++)
            fill_plane(f.plane, s.out_pitch, output_gradient + (first + i) * height * width * s.out_pitch,
                       f.planes + i * f.plane.floats);
        const float* weights = transposed;
        for (int64_t ry = 0; ry < s.stride; ry++)
            for (int64_t rx = 0; rx < s.stride; rx++) {
                const ParityClass v = parity_class(ry, s.height, s.kernel_height, s.stride, s.padding);
                const ParityClass h = parity_class(rx, s.width, s.kernel_width, s.stride, s.padding);
                run_class(s, f, v, h, samples, weights, gradient == GS_GRADIENT_ADD,
                          input_gradient + first * s.height * s.width * s.pitch);
                weights += input_blocks(s) * v.taps * h.taps * s.out_channels * BLOCK;
            }
    }
}

}  // namespace GS_ISA
}  // namespace gradsieve
