/*
 * A small network as a list of nodes, twice: as a step of the library, and as plain loops in double precision (reference.cpp)
 * that know nothing of segments, blocks, pitches of gradients or threads.
 */
#ifndef GRADSIEVE_TEST_NETWORK_H
#define GRADSIEVE_TEST_NETWORK_H

#include <stdint.h>

#include <random>
#include <string>
#include <vector>

#include "gradsieve.h"

struct Shape {
    int64_t height, width, channels, pitch;
    int64_t positions() const { return height * width; }
    int64_t floats() const { return positions() * pitch; }
};

enum Kind { INPUT, CONV2D, LINEAR, STATISTICS, NORMALIZE, GROUPNORM, LAYERNORM, ACTIVATION, POOL2D, DROPOUT, ADD, LOSS };

struct Node {
    Kind kind;
    int in = -1, skip = -1, out = -1, saved = -1; /* tensors */
    int64_t kernel = 1, stride = 1, padding = 0, pool = 1, groups = 1;
    int activation = GS_IDENTITY, pooling = GS_MAX_POOL, spatial = 0;
    double p = 0;
    float smoothing = 0;
    int64_t weights = -1, bias = -1, weights_count = 0, bias_count = 0; /* or gamma, beta */
    int64_t running = -1;                                             /* mean, then variance */
    int statistics = -1;                                              /* node of the other half */
};

/* Where a segment begins, and how it runs. */
struct Cut {
    size_t node;
    int64_t block;
    int recompute;
};

class Network {
public:
    explicit Network(std::string name) : name(std::move(name)) {}

    /* ---- the network: each returns the number of its output tensor */
    int input(int64_t height, int64_t width, int64_t channels, bool bytes);
    int conv2d(int in, int64_t channels, int64_t kernel, int64_t stride, int64_t padding, int activation, int64_t pool = 1,
               bool bias = true);
    int linear(int in, int64_t features, int activation);
    void statistics(int in);
    int normalize(int in, int skip, int activation); /* of the statistics of `in` */
    int groupnorm(int in, int64_t groups);
    int layernorm(int in, int spatial);
    int activation(int in, int activation);
    int pool2d(int in, int pooling, int64_t kernel);
    int dropout(int in, double p);
    int add(int a, int b);
    void loss(int logits, float smoothing);

    /* ---- how it runs */
    void segment(int64_t block, int recompute = 0) { cuts.push_back({nodes.size(), block, recompute}); }
    void scratch(int tensor, bool value, bool gradient);

    /* Samples, labels, weights, parameters from a seed. */
    void fill(unsigned seed, int64_t batch);
    /* Trainable floats that are not padding. */
    std::vector<int64_t> live_parameters() const;

    const std::string name;
    std::vector<Node> nodes;
    std::vector<Cut> cuts;
    std::vector<Shape> tensors;
    std::vector<bool> value_in_scratch, gradient_in_scratch, trained; /* trained: a parameter lies before it */
    bool bytes = false;
    bool shift_features = false; /* the linear layer after the input adds the shift, in place of the input */
    int logits = -1;
    int64_t trainable = 0, running_floats = 0;

    int64_t batch = 0;
    std::vector<float> parameters; /* trainable, then running statistics */
    std::vector<float> float_inputs;
    std::vector<uint8_t> byte_inputs;
    std::vector<float> scale, shift, plan_weights, sample_weights;
    std::vector<int32_t> labels;
    std::vector<int64_t> ids;
    int64_t seed = 7, epoch = 3;

private:
    int tensor(int64_t height, int64_t width, int64_t channels, bool trained_before);
    int64_t parameter(int64_t count);
    Node& add_node(Kind kind, int in);
};

/* A parameter moved for one sample alone: the derivative of the total loss by it is that sample's term of the gradient. */
struct Nudge {
    int64_t sample = -1, parameter = -1;
    double by = 0;
};

struct Reference {
    std::vector<double> losses; /* weighted by the sample weights, not by the plan's */
    double total = 0;           /* sum of plan weight * loss; without coupling, of the nudged sample alone */
    std::vector<double> running;
};

Reference evaluate(const Network& network, int mode, const Nudge& nudge);

#endif
