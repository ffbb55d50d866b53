#include "networks.h"

namespace {

std::unique_ptr<Network> perceptron() {
    auto n = std::make_unique<Network>("mlp");
    n->segment(3);
    int x = n->input(1, 1, 13, false);
    int h = n->linear(x, 21, GS_RELU);
    n->segment(2);
    h = n->linear(h, 34, GS_TANH);
    n->segment(4);
    n->loss(n->linear(h, 5, GS_IDENTITY), 0.1f);
    return n;
}

/* Every activation, layer norm and dropout between linear layers, with and without recomputing. */
std::unique_ptr<Network> features() {
    auto n = std::make_unique<Network>("features");
    n->segment(2);
    int x = n->input(1, 1, 9, true);
    int a = n->linear(x, 19, GS_SIGMOID);
    n->segment(3, 2);
    int b = n->layernorm(a, 0);
    int c = n->activation(b, GS_GELU);
    int d = n->dropout(c, 0.3);
    int e = n->linear(d, 19, GS_IDENTITY);
    n->scratch(b, true, true);
    n->scratch(c, true, true);
    n->segment(5);
    int f = n->add(e, a);
    n->loss(n->linear(f, 4, GS_IDENTITY), 0);
    return n;
}

/* Images whose blank pixels lie in memory as zeros: their shift is part of the linear layer. */
std::unique_ptr<Network> shifted_features() {
    auto n = std::make_unique<Network>("shifted-features");
    n->shift_features = true;
    n->segment(3);
    int x = n->input(5, 4, 2, true);
    int h = n->linear(x, 35, GS_RELU);
    n->segment(2);
    n->loss(n->linear(h, 4, GS_IDENTITY), 0);
    return n;
}

/* Batch norm over features, with a skip. */
std::unique_ptr<Network> normalized_features() {
    auto n = std::make_unique<Network>("batchnorm-features");
    n->segment(2);
    int x = n->input(1, 1, 7, false);
    int a = n->linear(x, 18, GS_IDENTITY);
    n->statistics(a);
    n->segment(3);
    int b = n->normalize(a, -1, GS_RELU);
    int c = n->linear(b, 18, GS_IDENTITY);
    n->statistics(c);
    n->segment(2);
    int d = n->normalize(c, b, GS_IDENTITY);
    n->loss(n->linear(d, 3, GS_IDENTITY), 0);
    return n;
}

std::unique_ptr<Network> convolutions() {
    auto n = std::make_unique<Network>("conv");
    n->segment(1, 1);
    int x = n->input(8, 7, 2, true);
    n->scratch(x, true, false);
    int a = n->conv2d(x, 5, 3, 1, 1, GS_RELU, 2);
    n->segment(2);
    int b = n->conv2d(a, 6, 3, 1, 1, GS_TANH);
    int c = n->conv2d(b, 4, 2, 1, 0, GS_IDENTITY);
    n->scratch(c, false, true);
    int d = n->activation(c, GS_GELU);
    n->segment(4);
    n->loss(n->linear(d, 5, GS_IDENTITY), 0.05f);
    return n;
}

std::unique_ptr<Network> norms() {
    auto n = std::make_unique<Network>("norms");
    n->segment(2);
    int x = n->input(6, 5, 3, false);
    int a = n->conv2d(x, 20, 3, 1, 1, GS_IDENTITY);
    n->segment(1, 2);
    int b = n->groupnorm(a, 4);
    int c = n->activation(b, GS_RELU);
    n->scratch(b, true, true);
    n->scratch(c, true, true);
    n->scratch(n->nodes[2].saved, true, false);
    int d = n->conv2d(c, 6, 3, 2, 1, GS_IDENTITY, 1, false);
    n->segment(2);
    int e = n->layernorm(d, 1);
    int f = n->activation(e, GS_SIGMOID);
    n->segment(3);
    int g = n->layernorm(f, 0);
    int h = n->pool2d(g, GS_AVERAGE_POOL, 3);
    n->segment(2);
    n->loss(n->linear(h, 3, GS_IDENTITY), 0);
    return n;
}

/* Two blocks as in a residual network, the second with a projection; max-pool and add as operations of their own. */
std::unique_ptr<Network> residual() {
    auto n = std::make_unique<Network>("residual");
    n->segment(1, 1);
    int x = n->input(6, 6, 1, true);
    n->scratch(x, true, false);
    int a = n->conv2d(x, 4, 3, 1, 1, GS_IDENTITY, 1, false);
    n->statistics(a);
    n->segment(1);
    int b = n->normalize(a, -1, GS_RELU);
    int c = n->conv2d(b, 4, 3, 1, 1, GS_IDENTITY, 1, false);
    n->statistics(c);
    n->segment(2);
    int d = n->normalize(c, b, GS_RELU);
    int e = n->conv2d(d, 6, 3, 2, 1, GS_IDENTITY, 1, false);
    n->statistics(e);
    int p = n->conv2d(d, 6, 1, 2, 0, GS_IDENTITY, 1, false);
    n->statistics(p);
    n->segment(1);
    int q = n->normalize(p, -1, GS_IDENTITY);
    int f = n->normalize(e, q, GS_RELU);
    int g = n->add(f, q);
    int h = n->pool2d(g, GS_MAX_POOL, 2);
    n->segment(3);
    n->loss(n->linear(h, 3, GS_IDENTITY), 0);
    return n;
}

}  // namespace

std::vector<std::unique_ptr<Network>> networks() {
    std::vector<std::unique_ptr<Network>> all;
    for (auto make : {perceptron, features, shifted_features, normalized_features, convolutions, norms, residual})
        all.push_back(make());
    return all;
}
