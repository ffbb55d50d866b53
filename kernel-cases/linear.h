/* Shapes of linear layers, for linear.cpp and linear_backward_weights.cpp. */
#ifndef GRADSIEVE_CASES_LINEAR_H
#define GRADSIEVE_CASES_LINEAR_H

#include "shapes.h"

namespace cases {

struct Linear {
    int64_t batch, in, out, out_pitch;
    bool blank = false; /* half of what is multiplied is zero, in stretches as in images: whole tiles are skipped */

    /* Larger batches are there for their time; what they compute, a batch of 128 has shown. */
    bool tested() const { return batch <= 128; }
    double flops() const { return 2.0 * static_cast<double>(batch * in * out); }
    double bytes(double weights) const {
        return 4.0 * (static_cast<double>(batch * (in + out_pitch)) + weights * static_cast<double>(in * out));
    }
    std::string name() const {
        return text("%lld x %lld-%lld/%lld%s", (long long)batch, (long long)in, (long long)out, (long long)out_pitch,
                    blank ? " blank" : "");
    }
    size_t x(int64_t i, int64_t k) const { return static_cast<size_t>(i * in + k); }
    size_t y(int64_t i, int64_t o) const { return static_cast<size_t>(i * out_pitch + o); }
    int64_t weights() const { return (out + 15) / 16 * 16 * in; }
    size_t w(int64_t o, int64_t k) const { return static_cast<size_t>((o / 16 * in + k) * 16 + o % 16); }
};

/* Zeros in half of every row of values: in stretches of 11, which move on by 3 from row to row; one row has nothing else. */
inline void blank(const Linear& c, int64_t row, Buffer<float>& rows) {
    for (int64_t i = 0; c.blank && i < c.batch; i++)
        for (int64_t k = 0; k < row; k++)
            if ((k + 3 * i) / 11 % 2 == 0 || i == 1) rows[static_cast<size_t>(i * row + k)] = 0;
}

inline std::vector<Linear> odd_layers() {
    return {{1, 1, 1, 1},         {1, 16, 1, 16},      {3, 7, 5, 5},           {2, 33, 17, 32},       {5, 100, 10, 16},
            {70, 48, 31, 33},     {9, 1100, 20, 32},   {131, 40, 33, 48},      {3, 4100, 18, 32},     {130, 2050, 3, 16},
            {1, 5, 3, 16, true},  {7, 40, 70, 80, true}, {131, 50, 100, 112, true}, {300, 35, 17, 32, true},
            {6, 1100, 20, 32, true}};
}

/* mlp on Fashion-MNIST; cnn on Fashion-MNIST, then on CIFAR-10; its classifier; resnet20's. */
inline std::vector<Linear> timed_layers() {
    std::vector<Linear> layers;
    for (int64_t batch : {128, 512, 2048})
        for (const Linear& c : {Linear{batch, 784, 512, 512}, {batch, 512, 256, 256}, {batch, 256, 10, 16},
                                {batch, 784, 512, 512, true}})
            layers.push_back(c);
    for (const Linear& c : {Linear{512, 3136, 128, 128}, {512, 4096, 128, 128}, {512, 128, 10, 16}, {512, 64, 10, 16}})
        layers.push_back(c);
    return layers;
}

}  // namespace cases
#endif
