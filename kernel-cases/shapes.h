/* Shapes [B][T][P] that the cases of all operations over positions go through. */
#ifndef GRADSIEVE_CASES_SHAPES_H
#define GRADSIEVE_CASES_SHAPES_H

#include "cases.h"

namespace cases {

struct Shape {
    int64_t batch, positions, channels, pitch;

    int64_t count() const { return batch * positions * pitch; }
    int64_t used() const { return batch * positions * channels; }
    std::string name() const {
        return text("%lldx%lldx%lld/%lld", (long long)batch, (long long)positions, (long long)channels, (long long)pitch);
    }
    /* Calls f(i, t, c, at) for every element in use, at being its index. */
    template <typename F>
    void each(F f) const {
        for (int64_t i = 0; i < batch; i++)
            for (int64_t t = 0; t < positions; t++)
                for (int64_t c = 0; c < channels; c++) f(i, t, c, static_cast<size_t>((i * positions + t) * pitch + c));
    }
    Buffer<float> random(Run& run, const char* what, double scale = 1) const {
        return run.rows(what, batch * positions, channels, pitch, scale);
    }
    /* A gradient that a kernel adds to, or one that it stores and so must not read. */
    Buffer<float> gradient(Run& run, const char* what, int mode) const {
        return mode == GS_GRADIENT_ADD ? random(run, what) : run.unwritten(what, count());
    }
    /* What a gradient starts from. */
    std::vector<double> start(const Buffer<float>& gradient, int mode) const {
        if (mode == GS_GRADIENT_ADD) return {gradient.before.begin(), gradient.before.end()};
        return std::vector<double>(static_cast<size_t>(count()));
    }
};

/* One element, fewer and more lanes than a vector, pitches that are no multiple of one, more positions than one sum takes. */
inline std::vector<Shape> odd_shapes() {
    return {{1, 1, 1, 1},   {1, 1, 1, 16},   {2, 1, 7, 16},   {3, 5, 3, 3},      {2, 9, 17, 17},  {2, 4, 16, 16}, {3, 6, 20, 32},
            {5, 3, 33, 40}, {2, 49, 64, 64}, {70, 1, 40, 48}, {1, 1300, 5, 16},  {2, 2, 100, 112}};
}

/* Values and activations of resnet20 and resnet20-gn on Fashion-MNIST; a step takes about as many samples at a time. */
inline std::vector<Shape> timed_shapes() {
    return {{16, 784, 16, 16}, {16, 196, 32, 32}, {16, 49, 64, 64}};
}

/* What a parameter's gradient holds before "+=". A few elements could cancel against what is added, and the result's own size
 * would then be no measure of its rounding error: those start far from zero. */
inline Buffer<float> parameter_gradient(Run& run, const char* what, int64_t count) {
    return count < 8 ? run.filled(what, count, 30) : run.random(what, count);
}

/* For sums of a few terms of size one. Of many elements the root mean square is their terms' size; a single one may itself be
 * what is left of terms that cancelled. */
inline Tolerance few_roundings(const Shape& s, double relative) {
    return {s.batch * s.positions * s.channels < 32 ? 100 * relative : relative, "a few roundings of terms that may cancel"};
}

inline const char* mode_name(int mode) {
    return mode == GS_GRADIENT_ADD ? " add" : mode == GS_GRADIENT_STORE ? "" : " parameters only";
}

}  // namespace cases
#endif
