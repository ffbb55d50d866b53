#include "shares.h"

#include <string.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>

#include "compiled.h"
#include "difference.h"
#include "kernels.h"

namespace {

const int64_t BATCH = 7;
const gs_update_rule RULE{GS_SGD, 1, 0.05, 0.9, 0, 0, 1e-3, 9.0, 0.1, 1, 0};

/* The only participant: answers every point with what it says, up to one after which it says nothing until the step is aborted. */
class Alone {
public:
    Alone(gs_step* step, int64_t doubles, int answers) : exchange_(static_cast<size_t>(doubles), 0.0), step_(step), answers_(answers) {
        points_.reserve(MOST);
        must(gs_step_share(step, GS_SHARE_GRADIENTS | GS_SHARE_BATCHNORM, exchange_.data()));
        thread_ = std::thread([this] { take(); });
    }
    ~Alone() {
        must(gs_step_abort(step_));
        thread_.join();
        for (int i = 0; i < 2; i++) gs_step_wait(step_, nullptr); /* the exchange is in use until then */
    }
    /* So many were taken, of which these may be looked at. */
    int taken() const { return taken_.load(); }
    const std::vector<gs_point>& points() const { return points_; }

private:
    void take() {
        gs_point point;
        while (gs_step_next_point(step_, &point) == GS_OK) {
            if (points_.size() < MOST) points_.push_back(point);
            if (++taken_ > answers_) continue;
            must(gs_step_answer(step_, &point));
        }
    }

    static const size_t MOST = 1000;

    std::vector<double> exchange_;
    gs_step* step_;
    const int answers_;
    std::atomic<int> taken_{0};
    std::vector<gs_point> points_;
    std::thread thread_;
};

int64_t doubles_of(const Network& n) {
    int64_t doubles = 0;
    for (const Node& node : n.nodes)
        if (node.kind == STATISTICS) doubles += 1 + 2 * n.tensors[static_cast<size_t>(node.in)].channels;
    return doubles;
}

/* 16 sums of every CHUNK of every parameter, each in order, then added in order. */
double norm_of_chunks(const Network& n, const std::vector<float>& gradients) {
    std::map<int64_t, int64_t> parameters;
    for (const Node& node : n.nodes) {
        if (node.weights >= 0) parameters[node.weights] = node.weights_count;
        if (node.bias >= 0) parameters[node.bias] = node.bias_count;
    }
    double norm2 = 0;
    for (const auto& parameter : parameters) {
        for (int64_t from = 0; from < parameter.second; from += gradsieve::CHUNK) {
            double sums[16] = {}, sum = 0;
            for (int64_t i = from; i < std::min(parameter.second, from + gradsieve::CHUNK); i++) {
                const double value = static_cast<double>(gradients[static_cast<size_t>(parameter.first + i)]);
                sums[i % 16] += value * value;
            }
            for (double s : sums) sum += s;
            norm2 += sum;
        }
    }
    return norm2;
}

void alone_among_participants_is_alone(const Network& n, const Check& check) {
    for (int threads = 1; threads <= 4; threads++) {
        Compiled apart(n, threads, BATCH), shared(n, threads, BATCH);
        Alone alone(shared.step(), doubles_of(n), 1 << 20);
        gs_update_rule rule = RULE;
        rule.clip_norm = 0; /* else the last bit of the norm, which is another sum, counts */
        bool same_bits = true, same_norm = true;
        for (int64_t count : {BATCH, int64_t{3}, BATCH}) {
            Outcome wanted = apart.run(GS_TRAINING, 0, count, &rule), got = shared.run(GS_TRAINING, 0, count, &rule);
            same_bits &= got.status == GS_OK && same(got.weights, wanted.weights) && same(got.records, wanted.records);
            same_norm &= got.gradient_norm2 == norm_of_chunks(n, got.gradients);
        }
        check(same_bits, n.name, "alone among participants gives the bits of a step alone", threads, threads);
        check(same_norm, n.name, "the norm is that of the chunks, bit for bit", threads, threads);
        Outcome none = shared.run(GS_TRAINING, 0, 0, &rule);
        check(none.status == GS_OK && none.gradient_norm2 == 0, n.name, "a share may have no sample", none.status, GS_OK);
    }
}

void points_come_in_order(const Network& n, const Check& check) {
    Compiled compiled(n, 2, BATCH);
    std::vector<gs_point> points;
    {
        Alone alone(compiled.step(), doubles_of(n), 1 << 20);
        must(compiled.run(GS_TRAINING, 0, BATCH, &RULE).status);
        must(compiled.run(GS_EVALUATION, 0, BATCH, &RULE).status); /* meets nobody */
        points = alone.points();
    }
    bool ordered = !points.empty() && points.back().kind == GS_POINT_VERDICT;
    int32_t sums = 0, normalizers = 0, segment = compiled.segments();
    for (const Node& node : n.nodes) normalizers += node.kind == STATISTICS;
    std::vector<bool> summed(static_cast<size_t>(normalizers), false);
    for (const gs_point& point : points) {
        if (point.kind == GS_POINT_GRADIENTS) {
            ordered &= point.index < segment;
            segment = point.index;
        }
        if (point.kind != GS_POINT_SUMS) continue;
        if (sums < normalizers) { /* forward */
            ordered &= point.index == sums && segment == compiled.segments();
        } else {
            ordered &= !summed[static_cast<size_t>(point.index)];
            summed[static_cast<size_t>(point.index)] = true;
        }
        sums++;
    }
    ordered &= sums == 2 * normalizers;
    check(ordered, n.name, "sums and gradients, a verdict last", static_cast<double>(points.size()), sums);
}

/* Whichever point is the one that nobody answers. */
void an_abort_leaves_everything_as_it_was(const Network& n, const Check& check) {
    for (int answers = 0;; answers += 2) {
        Compiled compiled(n, 2, BATCH);
        Alone alone(compiled.step(), doubles_of(n), answers);
        compiled.begin(GS_TRAINING, 0, BATCH, &RULE);
        compiled.begin(GS_TRAINING, 0, BATCH - 1, &RULE);
        while (alone.taken() <= answers) std::this_thread::yield();
        const gs_point* points = alone.points().data();
        if (std::any_of(points, points + answers, [](const gs_point& point) { return point.kind == GS_POINT_VERDICT; }))
            return; /* the first step was through */
        must(gs_step_abort(compiled.step()));
        Outcome one = compiled.wait(), two = compiled.wait();
        check(one.status == GS_ABORTED && two.status == GS_ABORTED, n.name, "an abort ends both steps", one.status, GS_ABORTED);
        check(same(two.weights, n.parameters), n.name, "an abort leaves weights and statistics alone", answers, 0);
    }
}

}  // namespace

void shares_meet_at_points(const Network& network, const Check& check) {
    alone_among_participants_is_alone(network, check);
    points_come_in_order(network, check);
    an_abort_leaves_everything_as_it_was(network, check);
}
