#include "network.h"

int Network::tensor(int64_t height, int64_t width, int64_t channels, bool trained_before) {
    tensors.push_back({height, width, channels, (channels + 15) / 16 * 16});
    value_in_scratch.push_back(false);
    gradient_in_scratch.push_back(false);
    trained.push_back(trained_before);
    return static_cast<int>(tensors.size()) - 1;
}

int64_t Network::parameter(int64_t count) {
    int64_t offset = trainable;
    trainable += (count + 15) / 16 * 16; /* gaps that no operation owns */
    return offset;
}

Node& Network::add_node(Kind kind, int in) {
    nodes.emplace_back();
    nodes.back().kind = kind;
    nodes.back().in = in;
    return nodes.back();
}

int Network::input(int64_t height, int64_t width, int64_t channels, bool of_bytes) {
    Node& node = add_node(INPUT, -1);
    node.out = tensor(height, width, channels, false);
    bytes = of_bytes;
    return node.out;
}

int Network::conv2d(int in, int64_t channels, int64_t kernel, int64_t stride, int64_t padding, int activation, int64_t pool,
                    bool bias) {
    Node& node = add_node(CONV2D, in);
    Shape a = tensors[static_cast<size_t>(in)];
    int64_t height = ((a.height + 2 * padding - kernel) / stride + 1) / pool;
    int64_t width = ((a.width + 2 * padding - kernel) / stride + 1) / pool;
    node.kernel = kernel;
    node.stride = stride;
    node.padding = padding;
    node.pool = pool;
    node.activation = activation;
    node.out = tensor(height, width, channels, true);
    if (pool > 1) node.saved = tensor(1, 1, (tensors[static_cast<size_t>(node.out)].floats() + 3) / 4, false);
    node.weights_count = (channels + 15) / 16 * 16 * kernel * kernel * a.channels;
    node.weights = parameter(node.weights_count);
    if (bias) {
        node.bias_count = channels;
        node.bias = parameter(channels);
    }
    return node.out;
}

int Network::linear(int in, int64_t features, int activation) {
    Node& node = add_node(LINEAR, in);
    node.activation = activation;
    node.out = tensor(1, 1, features, true);
    node.weights_count = (features + 15) / 16 * 16 * tensors[static_cast<size_t>(in)].floats();
    node.bias_count = features;
    node.weights = parameter(node.weights_count);
    node.bias = parameter(features);
    return node.out;
}

void Network::statistics(int in) {
    Node& node = add_node(STATISTICS, in);
    node.running = running_floats;
    running_floats += 2 * tensors[static_cast<size_t>(in)].channels;
}

int Network::normalize(int in, int skip, int activation) {
    Node& node = add_node(NORMALIZE, in);
    Shape a = tensors[static_cast<size_t>(in)];
    node.skip = skip;
    node.activation = activation;
    node.out = tensor(a.height, a.width, a.channels, true);
    node.weights_count = node.bias_count = a.channels;
    node.weights = parameter(a.channels);
    node.bias = parameter(a.channels);
    for (size_t i = 0; i < nodes.size(); i++)
        if (nodes[i].kind == STATISTICS && nodes[i].in == in) node.statistics = static_cast<int>(i);
    return node.out;
}

int Network::groupnorm(int in, int64_t groups) {
    Node& node = add_node(GROUPNORM, in);
    Shape a = tensors[static_cast<size_t>(in)];
    node.groups = groups;
    node.out = tensor(a.height, a.width, a.channels, true);
    node.saved = tensor(1, 1, 2 * groups, false);
    node.weights_count = node.bias_count = a.channels;
    node.weights = parameter(a.channels);
    node.bias = parameter(a.channels);
    return node.out;
}

int Network::layernorm(int in, int spatial) {
    Node& node = add_node(LAYERNORM, in);
    Shape a = tensors[static_cast<size_t>(in)];
    node.spatial = spatial;
    node.out = tensor(a.height, a.width, a.channels, true);
    node.saved = tensor(1, 1, 2 * (spatial ? a.height * a.pitch : 1), false);
    node.weights_count = node.bias_count = spatial ? a.width : a.floats();
    node.weights = parameter(node.weights_count);
    node.bias = parameter(node.weights_count);
    return node.out;
}

int Network::activation(int in, int kind) {
    Node& node = add_node(ACTIVATION, in);
    Shape a = tensors[static_cast<size_t>(in)];
    node.activation = kind;
    node.out = tensor(a.height, a.width, a.channels, trained[static_cast<size_t>(in)]);
    return node.out;
}

int Network::pool2d(int in, int pooling, int64_t kernel) {
    Node& node = add_node(POOL2D, in);
    Shape a = tensors[static_cast<size_t>(in)];
    node.pooling = pooling;
    node.kernel = kernel;
    node.out = tensor(a.height / kernel, a.width / kernel, a.channels, trained[static_cast<size_t>(in)]);
    if (pooling == GS_MAX_POOL) node.saved = tensor(1, 1, (tensors[static_cast<size_t>(node.out)].floats() + 3) / 4, false);
    return node.out;
}

int Network::dropout(int in, double p) {
    Node& node = add_node(DROPOUT, in);
    Shape a = tensors[static_cast<size_t>(in)];
    node.p = p;
    node.out = tensor(a.height, a.width, a.channels, trained[static_cast<size_t>(in)]);
    return node.out;
}

int Network::add(int a, int b) {
    Node& node = add_node(ADD, a);
    Shape shape = tensors[static_cast<size_t>(a)];
    node.skip = b;
    node.out = tensor(shape.height, shape.width, shape.channels,
                      trained[static_cast<size_t>(a)] || trained[static_cast<size_t>(b)]);
    return node.out;
}

void Network::loss(int of, float smoothing) {
    Node& node = add_node(LOSS, of);
    node.smoothing = smoothing;
    logits = of;
}

void Network::scratch(int tensor, bool value, bool gradient) {
    value_in_scratch[static_cast<size_t>(tensor)] = value;
    gradient_in_scratch[static_cast<size_t>(tensor)] = gradient;
}

/* Which floats of a node's parameters are used: the rest is padding. */
static void live_of(const Network& network, const Node& node, std::vector<int64_t>& live) {
    if (node.weights < 0) return;
    const Shape& in = network.tensors[static_cast<size_t>(node.in)];
    const Shape& out = network.tensors[static_cast<size_t>(node.out)];
    bool padded = node.kind == LAYERNORM && !node.spatial;
    for (int64_t i = 0; i < node.weights_count; i++) {
        bool used = true;
        if (padded) used = i % in.pitch < in.channels;
        if (node.kind == LINEAR)
            used = i / 16 % in.pitch < in.channels && i / (16 * in.floats()) * 16 + i % 16 < out.channels;
        if (node.kind == CONV2D) used = i / (16 * node.kernel * node.kernel * in.channels) * 16 + i % 16 < out.channels;
        if (used) live.push_back(node.weights + i);
    }
    for (int64_t i = 0; i < node.bias_count; i++)
        if (!padded || i % in.pitch < in.channels) live.push_back(node.bias + i);
}

std::vector<int64_t> Network::live_parameters() const {
    std::vector<int64_t> live;
    for (const Node& node : nodes) live_of(*this, node, live);
    return live;
}

void Network::fill(unsigned fill_seed, int64_t samples) {
    std::mt19937 random(fill_seed);
    std::normal_distribution<float> normal;
    const Shape& in = tensors[static_cast<size_t>(nodes[0].out)];
    batch = samples;
    parameters.assign(static_cast<size_t>(trainable + running_floats), 0.0f);
    for (const Node& node : nodes) {
        std::vector<int64_t> live;
        live_of(*this, node, live);
        bool norm = node.kind == NORMALIZE || node.kind == GROUPNORM || node.kind == LAYERNORM;
        for (int64_t i : live)
            parameters[static_cast<size_t>(i)] = 0.3f * normal(random) + (norm && i < node.bias ? 1.0f : 0.0f);
        if (node.kind != STATISTICS) continue;
        int64_t channels = tensors[static_cast<size_t>(node.in)].channels;
        for (int64_t c = 0; c < channels; c++) {
            parameters[static_cast<size_t>(trainable + node.running + c)] = 0.2f * normal(random);
            parameters[static_cast<size_t>(trainable + node.running + channels + c)] = 0.5f + std::abs(normal(random));
        }
    }
    size_t values = static_cast<size_t>(samples * in.positions() * in.channels);
    float_inputs.resize(values);
    byte_inputs.resize(values);
    for (size_t i = 0; i < values; i++) {
        float_inputs[i] = normal(random);
        bool blank = shift_features && i / 7 % 2 == 0; /* whole tiles and parts of one */
        byte_inputs[i] = blank ? 0 : static_cast<uint8_t>(random() & 255);
    }
    for (int64_t c = 0; c < in.channels; c++) {
        scale.push_back(1.0f / (60.0f + static_cast<float>(c)));
        shift.push_back(-1.9f);
    }
    uint32_t classes = static_cast<uint32_t>(tensors[static_cast<size_t>(logits)].channels);
    for (int64_t i = 0; i < samples; i++) {
        labels.push_back(static_cast<int32_t>(random() % classes));
        ids.push_back(1000 + 13 * i);
        plan_weights.push_back(0.5f + static_cast<float>(random() % 100) / 50.0f);
        sample_weights.push_back(0.5f + static_cast<float>(random() % 100) / 100.0f);
    }
}
