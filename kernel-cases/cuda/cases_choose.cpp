/* gs_cuda_choose and gs_cuda_gather_rows: exactly what sorting chooses, with ties, zeros of both signs, infinities and NaN. */
#include "device_call.h"

#include <math.h>
#include <string.h>

#include <algorithm>
#include <numeric>

namespace cases {
namespace {

enum Scores { DISTINCT, TIES, EQUAL, NEAR, SPECIAL };
const char* const SCORES[] = {"distinct", "ties", "equal", "near", "special"};

float score(Run& run, Scores scores) {
    const float special[] = {0.0f, -0.0f, INFINITY, -INFINITY, NAN, -NAN, 1e-42f, -1e-42f, 3.0e38f, 1.0f};
    switch (scores) {
        case TIES: return static_cast<float>(run.below(5)) - 2;
        case EQUAL: return 0.25f;
        case NEAR: return 1 + static_cast<float>(run.below(3000)) * 0x1p-23f; /* the last bits decide */
        case SPECIAL: return special[run.below(10)];
        default: return static_cast<float>(run.uniform() * 8 - 2);
    }
}

bool before(const Buffer<float>& record, int32_t a, int32_t b) {
    const float x = record[static_cast<size_t>(a)], y = record[static_cast<size_t>(b)];
    if (isnan(x) != isnan(y)) return isnan(y);
    return x > y || (!(x < y) && a < b);
}

/* The best of those asked for, those below count in their places, the others in the gaps. of_class empty: whatever their class. */
std::vector<int32_t> expected(const Buffer<float>& record, int64_t count, const int32_t* labels, std::vector<int32_t> of_class) {
    std::vector<int32_t> order(record.size), taken, chosen;
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return before(record, a, b); });
    const bool by_class = !of_class.empty();
    for (int32_t i : order) {
        if (static_cast<int64_t>(taken.size()) == count) break;
        if (by_class && (labels[i] < 0 || labels[i] >= static_cast<int32_t>(of_class.size()))) continue;
        if (by_class && of_class[static_cast<size_t>(labels[i])]-- <= 0) continue;
        taken.push_back(i);
    }
    std::sort(taken.begin(), taken.end());
    auto next = std::lower_bound(taken.begin(), taken.end(), static_cast<int32_t>(count));
    for (int32_t place = 0; place < count; place++) {
        const bool stays = std::binary_search(taken.begin(), taken.end(), place);
        chosen.push_back(stays || next == taken.end() ? place : *next++);
    }
    return chosen;
}

int choose(const Buffer<float>& record, int64_t count, const int32_t* labels, int64_t classes, const int32_t* of_class,
           int32_t* chosen) {
    const int64_t batch = static_cast<int64_t>(record.size);
    DeviceCall call;
    const float* r = call.in(record.data, batch);
    const int32_t *l = call.in(labels, batch), *c = call.in(of_class, classes);
    int32_t* result = call.out(chosen, count);
    void* workspace = call.workspace(gs_cuda_choose_workspace(batch, of_class ? classes : 0));
    return call.run([&](void* stream) { return gs_cuda_choose(batch, count, r, l, classes, c, workspace, result, stream); });
}

void compare(Run& run, const Buffer<int32_t>& chosen, const std::vector<int32_t>& wanted) {
    for (size_t j = 0; j < wanted.size(); j++)
        if (chosen[j] != wanted[j])
            return run.expect(false, text("chosen[%zu] is %d instead of %d", j, chosen[j], wanted[j]));
}

/* classes 0: without regard to them. stray: some labels are of no class. */
Case choose_case(int64_t batch, int64_t count, int64_t classes, Scores scores, bool stray, bool timed) {
    const double samples = static_cast<double>(batch);
    Case result = {"choose", text("%lld of %lld, %s, %lld classes%s", (long long)count, (long long)batch, SCORES[scores],
                                  (long long)classes, stray ? ", stray labels" : ""),
                   4 * samples, (classes > 0 ? 8 : 4) * samples + 4 * static_cast<double>(count), batch, timed, nullptr};
    result.body = [=](Run& run) {
        auto record = run.unwritten("record", batch);
        auto labels = run.ints("labels", batch), of_class = run.ints("of class", classes), chosen = run.ints("chosen", count);
        std::vector<int32_t> members(static_cast<size_t>(classes), 0), shares(members.size(), 0);
        for (int64_t i = 0; i < batch; i++) {
            record[static_cast<size_t>(i)] = score(run, scores);
            /* Of unlike sizes, one or more of them empty. */
            const int64_t label = classes == 0 ? 0 : run.below(1 + run.below(classes)), none = run.below(2) * (classes + 1) - 1;
            const bool lost = stray && run.below(4) == 0;
            labels[static_cast<size_t>(i)] = static_cast<int32_t>(lost ? none : label);
            if (classes > 0 && !lost) members[static_cast<size_t>(label)]++;
        }
        int64_t wanted = count;
        for (int pass = 0; pass < 2; pass++) /* at first a share of each, then whoever is left */
            for (size_t c = 0; c < members.size(); c++) {
                const int64_t most = members[c] - shares[c], share = pass == 0 ? run.below(most + 1) : most;
                shares[c] += static_cast<int32_t>(std::min(share, wanted));
                wanted -= std::min(share, wanted);
            }
        std::copy(shares.begin(), shares.end(), of_class.data);
        run.call([&] {
            return choose(record, count, classes > 0 ? labels.data : nullptr, classes, classes > 0 ? of_class.data : nullptr,
                          chosen.data);
        });
        if (!run.timing()) compare(run, chosen, expected(record, count, labels.data, shares));
    };
    return result;
}

/* The kernels cannot refuse what lies on the device: then whoever lies in a gap stays, and nobody is named twice. */
Case too_many_case() {
    Case result = {"choose", "of a class more than there are", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        const int64_t batch = 100, count = 60;
        auto record = run.random("record", batch);
        auto labels = run.ints("labels", batch), of_class = run.ints("of class", 2), chosen = run.ints("chosen", count);
        for (int64_t i = 0; i < batch; i++) labels[static_cast<size_t>(i)] = i < 10 || i >= 90;
        of_class[0] = 30;
        of_class[1] = 30;
        run.call([&] { return choose(record, count, labels.data, 2, of_class.data, chosen.data); });
        compare(run, chosen, expected(record, count, labels.data, {30, 20}));
    };
    return result;
}

Case gather_case(int64_t batch, int64_t count, int64_t row_bytes, bool timed) {
    const double bytes = static_cast<double>(count * row_bytes);
    Case result = {"gather_rows", text("%lld of %lld, %lld bytes", (long long)count, (long long)batch, (long long)row_bytes), 0,
                   2 * bytes, count, timed, nullptr};
    result.body = [=](Run& run) {
        auto record = run.random("record", batch);
        const std::vector<int32_t> chosen = expected(record, count, nullptr, {});
        auto rows = run.bytes("rows", batch * row_bytes);
        for (size_t i = 0; i < rows.size; i++) rows[i] = static_cast<uint8_t>(run.below(256));
        const std::vector<uint8_t> was(rows.data, rows.data + rows.size);
        run.call([&] {
            DeviceCall call;
            const int32_t* places = call.in(chosen.data(), count);
            uint8_t* on_device = call.in_out(rows.data, batch * row_bytes);
            return call.run([&](void* stream) { return gs_cuda_gather_rows(count, row_bytes, places, on_device, stream); });
        });
        if (run.timing()) return;
        for (int64_t j = 0; j < batch; j++) {
            const int64_t from = j < count ? chosen[static_cast<size_t>(j)] : j;
            run.expect(memcmp(rows.data + j * row_bytes, was.data() + from * row_bytes, static_cast<size_t>(row_bytes)) == 0,
                       text("row %lld is not what row %lld was", (long long)j, (long long)from));
        }
    };
    return result;
}

Case refusals_case() {
    Case result = {"choose", "refuses", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        auto record = run.random("record", 8);
        auto ints = run.ints("ints", 8);
        std::fill(ints.data, ints.data + 8, 0);
        const auto refused = [&](int64_t batch, int64_t count, int64_t classes, bool labels, bool of_class, bool result) {
            run.refuses(GS_INVALID_ARGUMENT, [&] {
                DeviceCall call;
                const float* r = call.in(record.data, 8);
                const int32_t *l = labels ? call.in(ints.data, 8) : nullptr, *c = of_class ? call.in(ints.data, 8) : nullptr;
                int32_t* chosen = call.out(ints.data, 8);
                void* workspace = call.workspace(256);
                return call.run([&](void* stream) {
                    return gs_cuda_choose(batch, count, r, l, classes, c, workspace, result ? chosen : nullptr, stream);
                });
            });
        };
        refused(0, 0, 0, false, false, true);
        refused(65537, 4, 0, false, false, true);
        refused(8, 9, 0, false, false, true);
        refused(8, -1, 0, false, false, true);
        refused(8, 4, 0, true, true, true);
        refused(8, 4, 2, false, true, true);
        refused(8, 4, 0, false, false, false);
        run.refuses(GS_INVALID_ARGUMENT, [&] {
            DeviceCall call;
            int32_t* rows = call.in_out(ints.data, 8);
            return call.run([&](void* stream) { return gs_cuda_gather_rows(2, 6, rows, rows, stream); });
        });
    };
    return result;
}

void declare(std::vector<Case>& cases) {
    for (int64_t batch : {1, 2, 31, 33, 100, 1000, 2049}) {
        const int64_t some = (batch + 1) / 2, few = (batch + 9) / 10;
        for (Scores scores : {DISTINCT, TIES, EQUAL, NEAR, SPECIAL}) {
            for (int64_t count : {int64_t{0}, few, some, batch})
                cases.push_back(choose_case(batch, count, 0, scores, false, false));
            cases.push_back(choose_case(batch, some, 10, scores, false, false));
            cases.push_back(choose_case(batch, few, 37, scores, false, false));
        }
        cases.push_back(choose_case(batch, batch, 3, TIES, false, false));
    }
    for (int64_t count : {1, 40, 200}) cases.push_back(choose_case(500, count, 5, TIES, true, false));
    cases.push_back(choose_case(10000, 3000, 0, TIES, false, false));
    cases.push_back(choose_case(10000, 9000, 10, SPECIAL, false, false));
    cases.push_back(choose_case(65536, 65535, 0, EQUAL, false, false));
    cases.push_back(choose_case(65536, 20000, 0, SPECIAL, false, false));
    cases.push_back(too_many_case());
    cases.push_back(refusals_case());
    for (int64_t batch : {128, 1024, 8192, 65536}) {
        cases.push_back(choose_case(batch, batch / 2, 0, DISTINCT, false, true));
        cases.push_back(choose_case(batch, batch / 2, 10, DISTINCT, false, true));
    }
    for (int64_t row_bytes : {4, 8, 12, 16, 48, 100, 1024, 4100, 40000}) {
        cases.push_back(gather_case(40, 17, row_bytes, false));
        cases.push_back(gather_case(33, 32, row_bytes, false));
    }
    cases.push_back(gather_case(5, 5, 64, false));
    cases.push_back(gather_case(5, 0, 64, false));
    cases.push_back(gather_case(1024, 512, 8, true));
    cases.push_back(gather_case(512, 256, 65536, true)); /* of resnet20: 16 channels of 32 x 32 */
}

const Registration registration(declare);

}  // namespace
}  // namespace cases
