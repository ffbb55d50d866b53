/* Going on with some of the samples that went forward. */
#include <math.h>
#include <string.h>

#include <algorithm>
#include <numeric>

#include "step/step.h"

namespace gradsieve {

void Step::choose(int record, int64_t count, const int32_t* of_class, int64_t classes, int32_t* chosen) {
    if (begun_ == 0) refuse(GS_INVALID_ARGUMENT, "choose: gs_step_begin comes first");
    if (record < 0 || record >= GS_RECORDS || record == GS_RECORD_NORM2)
        refuse(GS_INVALID_ARGUMENT, "choose: record %d is none that forward writes", record);
    if (count < 0 || count > run_.batch)
        refuse(GS_INVALID_ARGUMENT, "choose: %lld of %lld samples", static_cast<long long>(count),
               static_cast<long long>(run_.batch));
    if (count > 0 && !chosen) refuse(GS_INVALID_ARGUMENT, "choose: no place for the chosen samples");
    Command command{Command::CHOOSE, 0, Run(), gs_update_rule()};
    if (of_class) {
        std::vector<int32_t>& own = chosen_.of_class[run_.set];
        own.assign(of_class, of_class + classes);
        if (!has_classes(count, own)) refuse(GS_INVALID_ARGUMENT, "choose: the labels do not have so many of each class");
        command.of_class = &own;
    }
    command.record = record;
    command.count = count;
    command.chosen = chosen;
    workers_.put(command);
}

template <typename T>
static const T* gathered(const T* from, int64_t count, const int32_t* chosen, std::vector<T>& to) {
    if (!from) return nullptr;
    to.resize(static_cast<size_t>(count));
    for (int64_t j = 0; j < count; j++) to[static_cast<size_t>(j)] = from[chosen[j]];
    return to.data();
}

/* Whether the labels have so many of each class, count together. */
bool Step::has_classes(int64_t count, const std::vector<int32_t>& of_class) {
    std::vector<int64_t>& left = chosen_.left;
    left.assign(of_class.begin(), of_class.end());
    for (int64_t i = 0; i < run_.batch; i++) {
        const size_t label = static_cast<size_t>(run_.labels[i]);
        if (label < left.size() && left[label] > 0) left[label]--;
    }
    return std::accumulate(of_class.begin(), of_class.end(), int64_t{0}) == count &&
           std::all_of(left.begin(), left.end(), [](int64_t n) { return n == 0; });
}

/* Brings the first of each class to the front; sorted: where to sort. */
template <typename Before>
static void first_of_classes(const int32_t* labels, int64_t count, const std::vector<int32_t>& of_class, std::vector<int32_t>& order,
                             std::vector<int32_t>& sorted, const Before& before) {
    sorted.assign(order.begin(), order.end());
    std::sort(sorted.begin(), sorted.end(), [&](int32_t a, int32_t b) {
        return labels[a] != labels[b] ? labels[a] < labels[b] : before(a, b);
    });
    auto front = order.begin(), back = front + count;
    int32_t rank = 0, last = -1;
    for (int32_t i : sorted) {
        rank = labels[i] == last ? rank + 1 : 0;
        last = labels[i];
        const size_t label = static_cast<size_t>(last);
        *(label < of_class.size() && rank < of_class[label] ? front : back)++ = i;
    }
}

/* The chosen in order of their places: those of the first count places stay, the others fill the gaps between them. */
void Step::rank(const Run& run, const Command& command) {
    const float* values = records(run) + command.record * capacity;
    const int64_t batch = run.batch, count = std::min(command.count, batch);
    std::vector<int32_t>& order = chosen_.order; /* kept from step to step: nothing is allocated then */
    order.resize(static_cast<size_t>(batch));
    std::iota(order.begin(), order.end(), 0);
    const auto value = [&](int32_t i) { return isnan(values[i]) ? -INFINITY : values[i]; };
    const auto before = [&](int32_t a, int32_t b) { return value(a) > value(b) || (value(a) == value(b) && a < b); };
    if (command.of_class) {
        first_of_classes(run.labels, count, *command.of_class, order, chosen_.sorted, before);
    } else {
        std::nth_element(order.begin(), order.begin() + count, order.end(), before);
    }
    std::sort(order.begin(), order.begin() + count);
    chosen_.moves.clear();
    auto next = std::lower_bound(order.begin(), order.begin() + count, static_cast<int32_t>(count));
    auto stays = order.begin();
    const auto end = next;
    for (int64_t place = 0; place < count; place++) {
        if (stays != end && *stays == place) {
            command.chosen[place] = *stays++;
        } else {
            chosen_.moves.emplace_back(*next, place);
            command.chosen[place] = *next++;
        }
    }
}

/* Thread 0 ranks, all move what forward kept of the chosen, and each goes on with its share of them. */
void Step::choose(Worker& worker, const Command& command) {
    const Run all = worker.run;
    if (worker.index == 0) {
        rank(all, command);
        if (discarded_.empty()) discarded_.resize(static_cast<size_t>(GS_RECORDS * capacity));
        int64_t count = std::min(command.count, all.batch);
        gathered(all.samples, count, command.chosen, chosen_.samples);
        gathered(all.labels, count, command.chosen, chosen_.labels);
        gathered(all.ids, count, command.chosen, chosen_.ids);
        gathered(all.plan_weights, count, command.chosen, chosen_.plan_weights);
        gathered(all.sample_weights, count, command.chosen, chosen_.sample_weights);
    }
    barrier(worker);
    Range part = share(static_cast<int64_t>(chosen_.moves.size()), 1, worker.index, threads);
    for (int number : kept_) {
        const Tensor& tensor = tensors[static_cast<size_t>(number)];
        float* values = memory.arena + tensor.offset;
        for (int64_t m = part.from; m < part.to; m++) {
            const auto& move = chosen_.moves[static_cast<size_t>(m)];
            memcpy(values + move.second * tensor.floats(), values + move.first * tensor.floats(),
                   static_cast<size_t>(tensor.floats()) * sizeof(float));
        }
    }
    for (Segment& segment : segments)
        for (auto& operation : segment.operations)
            for (int64_t m = part.from; m < part.to; m++) {
                const auto& move = chosen_.moves[static_cast<size_t>(m)];
                operation->move(move.first, move.second);
            }
    worker.run.batch = std::min(command.count, all.batch);
    worker.run.samples = all.samples ? chosen_.samples.data() : nullptr;
    worker.run.labels = chosen_.labels.data();
    worker.run.ids = all.ids ? chosen_.ids.data() : nullptr;
    worker.run.plan_weights = chosen_.plan_weights.data();
    worker.run.sample_weights = chosen_.sample_weights.data();
    Range range = samples(worker.run, worker.index);
    worker.first = range.from;
    worker.last = range.to;
}

}  // namespace gradsieve
