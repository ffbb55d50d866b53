/*
 * Pooling over windows of KH x KW, stride = kernel, no padding, the rest of the border left out: input [B][H][W][P], output
 * [B][H/KH][W/KW][P] "=". Maximum: choice, bytes of the output's shape, is the place (row by row) of the first largest
 * value, or of the first NaN, which stays. Average: sum / (KH KW); the whole image is global pooling. Backward: input_gradient
 * "=" (the places not chosen and the border 0) or "+=". 4 bytes an element of the input and 5 of the output.
 */
#include "operations.h"
#include "positions.h"

namespace gradsieve::GS_ISA {

struct Window {
    int64_t height, width, row; /* row: floats from one row of the input to the next */
};

static inline void store_choice(uint8_t* to, int64_t n, IntVector choice) {
    if (n >= LANES) {
        store_bytes(to, choice);
    } else {
        for (int64_t k = 0; k < n; k++) to[k] = (uint8_t)choice[k];
    }
}

static inline IntVector load_choice(const uint8_t* from, int64_t n) {
    if (n >= LANES) return load_bytes(from);
    IntVector choice = {};
    for (int64_t k = 0; k < n; k++) choice[k] = from[k];
    return choice;
}

static inline void largest(const Window& window, int64_t pitch, const float* x, float* y, uint8_t* choice) {
    for (int64_t c = 0; c < pitch; c += LANES) {
        const int64_t n = pitch - c;
        Vector best = load_some(x + c, n);
        IntVector place = {};
        int32_t k = 0;
        for (int64_t h = 0; h < window.height; h++) {
            for (int64_t w = 0; w < window.width; w++, k++) {
                const Vector value = load_some(x + h * window.row + w * pitch + c, n);
                /* A NaN takes the place of a number, and no number that of a NaN. */
                const IntVector takes = (value > best) | ((value != value) & (best == best));
                best = takes ? value : best;
                place = takes ? broadcast_int(k) : place;
            }
        }
        store_some(y + c, n, best);
        store_choice(choice + c, n, place);
    }
}

static inline void average(const Window& window, int64_t pitch, const float* x, float* y) {
    const float share = 1.0f / (float)(window.height * window.width);
    for (int64_t c = 0; c < pitch; c += LANES) {
        const int64_t n = pitch - c;
        Vector total = {};
        for (int64_t h = 0; h < window.height; h++) {
            Vector line = {};
            for (int64_t w = 0; w < window.width; w++) line += load_some(x + h * window.row + w * pitch + c, n);
            total += line;
        }
        store_some(y + c, n, total * share);
    }
}

void pool2d_forward(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch, int pool,
                    int64_t kernel_height, int64_t kernel_width, const float* input, float* output, uint8_t* choice) {
    (void)channels;
    const int64_t rows = height / kernel_height, columns = width / kernel_width;
    const Window window = {kernel_height, kernel_width, width * pitch};
    for (int64_t i = 0; i < batch; i++) {
        for (int64_t h = 0; h < rows; h++) {
            for (int64_t w = 0; w < columns; w++) {
                const float* x = input + ((i * height + h * kernel_height) * width + w * kernel_width) * pitch;
                const int64_t at = ((i * rows + h) * columns + w) * pitch;
                if (pool == GS_MAX_POOL) {
                    largest(window, pitch, x, output + at, choice + at);
                } else {
                    average(window, pitch, x, output + at);
                }
            }
        }
    }
}

template <bool MAXIMUM, bool ADD>
static inline void window_backward(const Window& window, int64_t pitch, const uint8_t* choice, const float* g, float* dx) {
    const float share = 1.0f / (float)(window.height * window.width);
    for (int64_t c = 0; c < pitch; c += LANES) {
        const int64_t n = pitch - c;
        const Vector gradient = MAXIMUM ? load_some(g + c, n) : load_some(g + c, n) * share;
        const IntVector place = MAXIMUM ? load_choice(choice + c, n) : IntVector{};
        int32_t k = 0;
        for (int64_t h = 0; h < window.height; h++) {
            for (int64_t w = 0; w < window.width; w++, k++) {
                float* to = dx + h * window.row + w * pitch + c;
                const Vector own = MAXIMUM ? (place == broadcast_int(k) ? gradient : Vector{}) : gradient;
                store_some(to, n, ADD ? load_some(to, n) + own : own);
            }
        }
    }
}

/* Rows and columns of the input that no window covers. */
static void zero_border(int64_t height, int64_t width, int64_t pitch, int64_t covered_rows, int64_t covered_columns,
                        float* dx) {
    for (int64_t h = 0; h < height; h++) {
        const int64_t from = h < covered_rows ? covered_columns : 0;
        __builtin_memset(dx + (h * width + from) * pitch, 0, (unsigned long)((width - from) * pitch) * sizeof(float));
    }
}

void pool2d_backward(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch, int pool,
                     int64_t kernel_height, int64_t kernel_width, const uint8_t* choice, const float* output_gradient,
                     int gradient, float* input_gradient) {
    (void)channels;
    if (gradient == GS_GRADIENT_NONE) return;
    const bool add = gradient == GS_GRADIENT_ADD, maximum = pool == GS_MAX_POOL;
    const int64_t rows = height / kernel_height, columns = width / kernel_width;
    const Window window = {kernel_height, kernel_width, width * pitch};
    decltype(&window_backward<true, true>) pass =
        maximum ? (add ? window_backward<true, true> : window_backward<true, false>)
                : (add ? window_backward<false, true> : window_backward<false, false>);
    for (int64_t i = 0; i < batch; i++) {
        if (!add) {
            zero_border(height, width, pitch, rows * kernel_height, columns * kernel_width,
                        input_gradient + i * height * width * pitch);
        }
        for (int64_t h = 0; h < rows; h++) {
            for (int64_t w = 0; w < columns; w++) {
                const int64_t from = ((i * height + h * kernel_height) * width + w * kernel_width) * pitch;
                const int64_t at = ((i * rows + h) * columns + w) * pitch;
                pass(window, pitch, maximum ? choice + at : nullptr, output_gradient + at, input_gradient + from);
            }
        }
    }
}

}  // namespace gradsieve::GS_ISA
