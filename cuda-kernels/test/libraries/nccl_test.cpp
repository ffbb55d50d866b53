/* The stand-in for NCCL: ranks in threads and in processes, sums, order, what must show, what may hang and how it ends. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include <memory>
#include <thread>

#include "../../emulation/nccl_api.h"
#include "../ended_process.h"
#include "check.h"

namespace {

ncclConfig_t configuration() {
    ncclConfig_t config;
    memset(&config, 0, sizeof config);
    config.size = sizeof config;
    config.magic = NCCL_CONFIG_MAGIC;
    config.version = NCCL_VERSION_CODE;
    for (int* field : {&config.cgaClusterSize, &config.minCTAs, &config.maxCTAs, &config.splitShare, &config.trafficClass,
                       &config.collnetEnable, &config.CTAPolicy, &config.shrinkShare, &config.nvlsCTAs, &config.nChannelsPerNetPeer,
                       &config.nvlinkCentricSched, &config.graphUsageMode, &config.numRmaCtx})
        *field = NCCL_CONFIG_UNDEF_INT;
    return config;
}

/* Until it is not in progress, for ten seconds at most. */
int settled(ncclComm_t communicator) {
    const double end = seconds() + 10;
    int state = ncclInProgress;
    while (state == ncclInProgress && seconds() < end) {
        CHECK_EQUAL(ncclCommGetAsyncError(communicator, &state), ncclSuccess);
        usleep(200);
    }
    return state;
}

bool ended(cudaEvent_t event, double seconds_at_most) {
    const double end = seconds() + seconds_at_most;
    while (cudaEventQuery(event) == cudaErrorNotReady) {
        if (seconds() > end) return false;
        usleep(200);
    }
    return true;
}

/* A rank: a communicator, a stream, an event, numbers. */
class Rank {
public:
    Rank(const ncclUniqueId& id, int world, int rank, size_t count) : values(count) {
        ncclConfig_t config = configuration();
        CHECK_EQUAL(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
        CHECK_EQUAL(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), cudaSuccess);
        CHECK_EQUAL(ncclCommInitRankConfig(&communicator, world, id, rank, &config), ncclInProgress);
    }
    ~Rank() {
        CHECK_EQUAL(cudaStreamDestroy(stream), cudaSuccess);
        CHECK_EQUAL(cudaEventDestroy(event), cudaSuccess);
    }
    int sum(size_t count) { return ncclAllReduce(values.at(), values.at(), count, ncclFloat32, ncclSum, communicator, stream); }
    void record() const { CHECK_EQUAL(cudaEventRecord(event, stream), cudaSuccess); }
    void finish() const {
        CHECK_EQUAL(ncclCommFinalize(communicator), ncclInProgress);
        CHECK_EQUAL(settled(communicator), ncclSuccess);
        CHECK_EQUAL(ncclCommDestroy(communicator), ncclSuccess);
    }

    DeviceFloats values;
    cudaStream_t stream = nullptr;
    cudaEvent_t event = nullptr;
    ncclComm_t communicator = nullptr;
};

std::vector<float> drawn(uint64_t seed, size_t count) { return Draw(seed).values(count); }

/* One rank's part of a run, with sums that are right and the same everywhere. */
void take_part(const ncclUniqueId& id, int world, int rank, bool grouped) {
    const size_t count = 10001;
    Rank mine(id, world, rank, count);
    CHECK_EQUAL(settled(mine.communicator), ncclSuccess);
    std::vector<double> wanted(count);
    for (int step = 0; step < 5; step++) {
        std::fill(wanted.begin(), wanted.end(), 0.0);
        for (int r = 0; r < world; r++) {
            const std::vector<float> part = drawn(static_cast<uint64_t>(100 * step + r), count);
            for (size_t i = 0; i < count; i++) wanted[i] += part[i];
        }
        mine.values.set(drawn(static_cast<uint64_t>(100 * step + rank), count));
        if (grouped) CHECK_EQUAL(ncclGroupStart(), ncclSuccess);
        int result = ncclAllReduce(mine.values.at(), mine.values.at(), 5000, ncclFloat32, ncclSum, mine.communicator, mine.stream);
        if (!grouped) CHECK(result == ncclInProgress ? settled(mine.communicator) == ncclSuccess : result == ncclSuccess);
        result = ncclAllReduce(mine.values.at(5000), mine.values.at(5000), count - 5000, ncclFloat32, ncclSum, mine.communicator,
                               mine.stream);
        if (grouped) result = ncclGroupEnd();
        CHECK(result == ncclSuccess || result == ncclInProgress);
        CHECK_EQUAL(settled(mine.communicator), ncclSuccess);
        mine.record();
        CHECK(ended(mine.event, 10));
        const std::vector<float> got = mine.values.get();
        int wrong = 0;
        for (size_t i = 0; i < count; i++) wrong += got[i] != static_cast<float>(wanted[i]);
        CHECK_EQUAL(wrong, 0);
    }
    mine.finish();
}

ncclUniqueId new_id() {
    ncclUniqueId id;
    CHECK_EQUAL(ncclGetUniqueId(&id), ncclSuccess);
    return id;
}

void threads_have_right_sums() {
    for (const int world : {1, 2, 3}) {
        const ncclUniqueId id = new_id();
        std::vector<std::thread> others;
        for (int rank = 1; rank < world; rank++) others.emplace_back([&, rank] { take_part(id, world, rank, true); });
        take_part(id, world, 0, true);
        for (std::thread& other : others) other.join();
    }
}

std::string hex(const ncclUniqueId& id) {
    std::string text;
    char digits[3];
    for (const char byte : id.internal) {
        snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(byte));
        text += digits;
    }
    return text;
}

ncclUniqueId from_hex(const char* text) {
    ncclUniqueId id;
    for (size_t i = 0; i < sizeof id.internal; i++) {
        unsigned byte = 0;
        sscanf(text + 2 * i, "%2x", &byte);
        id.internal[i] = static_cast<char>(byte);
    }
    return id;
}

void processes_have_right_sums() {
    const ncclUniqueId id = new_id();
    EndedProcess other;
    std::thread waits([&] { other = run_again({"rank", hex(id)}); });
    take_part(id, 2, 0, false);
    waits.join();
    check(other.signal == 0 && other.status == 0, __FILE__, __LINE__, other.text());
}

/* Two ranks of this thread. */
struct Pair {
    explicit Pair(size_t count = 1000) : id(new_id()), a(id, 2, 0, count), b(id, 2, 1, count) {
        CHECK_EQUAL(settled(a.communicator), ncclSuccess);
        CHECK_EQUAL(settled(b.communicator), ncclSuccess);
        a.values.set(std::vector<float>(count, 1));
        b.values.set(std::vector<float>(count, 2));
    }
    void finish() const {
        CHECK_EQUAL(ncclCommFinalize(a.communicator), ncclInProgress);
        CHECK_EQUAL(ncclCommFinalize(b.communicator), ncclInProgress);
        for (const Rank* rank : {&a, &b}) settled(rank->communicator);
        for (const Rank* rank : {&a, &b}) {
            CHECK_EQUAL(settled(rank->communicator), ncclSuccess);
            CHECK_EQUAL(ncclCommDestroy(rank->communicator), ncclSuccess);
        }
    }
    void abort() const {
        CHECK_EQUAL(ncclCommAbort(a.communicator), ncclSuccess);
        CHECK_EQUAL(ncclCommAbort(b.communicator), ncclSuccess);
    }

    ncclUniqueId id;
    Rank a, b;
};

void begins(int result) { CHECK(result == ncclSuccess || result == ncclInProgress); }

void a_peer_that_does_not_come_is_waited_for_until_an_abort() {
    Pair pair;
    begins(pair.a.sum(1000));
    CHECK_EQUAL(settled(pair.a.communicator), ncclSuccess);
    pair.a.record();
    CHECK(!ended(pair.a.event, 0.05));
    CHECK_EQUAL(settled(pair.a.communicator), ncclSuccess);
    CHECK_EQUAL(ncclCommAbort(pair.a.communicator), ncclSuccess);
    CHECK(ended(pair.a.event, 10));
    CHECK(isnan(pair.a.values.get()[999]));
    CHECK_EQUAL(ncclCommAbort(pair.b.communicator), ncclSuccess);
}

void a_revoked_communicator_ends_what_is_queued_and_takes_no_more() {
    Pair pair;
    begins(pair.a.sum(1000));
    CHECK_EQUAL(settled(pair.a.communicator), ncclSuccess);
    pair.a.record();
    CHECK_EQUAL(ncclCommRevoke(pair.a.communicator, 0), ncclInProgress);
    CHECK_EQUAL(settled(pair.a.communicator), ncclSuccess);
    CHECK(ended(pair.a.event, 10));
    CHECK_EQUAL(pair.a.sum(1000), ncclInvalidUsage);
    pair.abort();
}

void what_is_late_is_in_progress_and_not_queued() {
    Pair pair;
    gs_emulated_fail("ncclAllReduce.late:1:100");
    CHECK_EQUAL(pair.a.sum(1000), ncclInProgress);
    gs_emulated_fail("");
    pair.a.record();
    CHECK(ended(pair.a.event, 10)); /* of nothing yet */
    begins(pair.b.sum(1000));
    CHECK_EQUAL(settled(pair.b.communicator), ncclSuccess);
    CHECK_EQUAL(settled(pair.a.communicator), ncclSuccess);
    pair.a.record();
    pair.b.record();
    CHECK(ended(pair.a.event, 10) && ended(pair.b.event, 10));
    CHECK_EQUAL(static_cast<long long>(pair.a.values.get()[7]), 3);
    pair.finish();
}

void faults_on_request() {
    Pair pair;
    int state;
    gs_emulated_fail("ncclRemote.lost:2");
    CHECK_EQUAL(settled(pair.a.communicator), ncclSuccess);
    CHECK_EQUAL(settled(pair.a.communicator), ncclRemoteError);
    CHECK_EQUAL(pair.a.sum(1000), ncclRemoteError);
    gs_emulated_fail("ncclAllReduce:1:3,ncclCommGetAsyncError:1:5,ncclAllReduce.lost:1");
    CHECK_EQUAL(pair.b.sum(1000), ncclInternalError);
    CHECK_EQUAL(ncclCommGetAsyncError(pair.b.communicator, &state), ncclInvalidUsage);
    gs_emulated_fail("ncclCommAbort.late:1:50");
    const double begin = seconds();
    CHECK_EQUAL(ncclCommAbort(pair.b.communicator), ncclSuccess);
    CHECK(seconds() - begin >= 0.05);
    CHECK_EQUAL(ncclCommAbort(pair.a.communicator), ncclSuccess);
    gs_emulated_fail("");
}

void initialization_waits_for_all_and_knows_its_ids() {
    const ncclUniqueId id = new_id();
    Rank alone(id, 2, 0, 10);
    int state = ncclSuccess;
    CHECK_EQUAL(ncclCommGetAsyncError(alone.communicator, &state), ncclSuccess);
    CHECK_EQUAL(state, ncclInProgress);
    Rank twice(id, 2, 0, 10);
    CHECK_EQUAL(settled(twice.communicator), ncclRemoteError);
    Rank other(id, 3, 1, 10);
    CHECK_EQUAL(settled(other.communicator), ncclRemoteError);
    for (const Rank* rank : {&alone, &twice, &other}) CHECK_EQUAL(ncclCommAbort(rank->communicator), ncclSuccess);
    Rank late(id, 2, 1, 10);
    CHECK_EQUAL(settled(late.communicator), ncclRemoteError);
    CHECK_EQUAL(ncclCommAbort(late.communicator), ncclSuccess);
}

void misuse_shows() {
    {
        Pair pair;
        begins(pair.a.sum(1000));
        begins(pair.b.sum(999));
        settled(pair.a.communicator);
        settled(pair.b.communicator);
        EXPECT_FAULT("`ncclAllReduce`: (1000|999) numbers of type 7, but rank [01] has (1000|999) of type 7");
        pair.abort();
    }
    {
        Pair pair; /* a stream that is not ordered after the sum */
        begins(pair.a.sum(1000));
        begins(pair.b.sum(1000));
        settled(pair.a.communicator);
        settled(pair.b.communicator);
        cudaMemsetAsync(pair.a.values.at(), 0, 4, pair.b.stream);
        EXPECT_FAULT("`cudaMemsetAsync` on stream [0-9]+ writes bytes 0..3 .* not ordered after `ncclAllReduce`");
        pair.abort();
    }
    {
        Pair pair;
        CHECK_EQUAL(ncclCommDestroy(pair.a.communicator), ncclInvalidUsage);
        EXPECT_FAULT("ncclCommDestroy: before all ranks have finalized");
        pair.abort();
        CHECK_EQUAL(ncclCommAbort(pair.a.communicator), ncclInvalidArgument);
        EXPECT_FAULT("ncclCommAbort: no communicator");
    }
    {
        const ncclUniqueId id = new_id();
        Rank alone(id, 2, 0, 10);
        CHECK_EQUAL(alone.sum(10), ncclInvalidArgument);
        EXPECT_FAULT("ncclAllReduce: what was begun before is in progress");
        CHECK_EQUAL(ncclCommRevoke(alone.communicator, 0), ncclInvalidArgument);
        EXPECT_FAULT("ncclCommRevoke: the communicator is not there yet");
        CHECK_EQUAL(ncclCommAbort(alone.communicator), ncclSuccess);
    }
}

}  // namespace

int main(int arguments, char** argument) {
    if (arguments == 3 && strcmp(argument[1], "rank") == 0) {
        take_part(from_hex(argument[2]), 2, 1, false);
        return finish("nccl rank");
    }
    threads_have_right_sums();
    processes_have_right_sums();
    a_peer_that_does_not_come_is_waited_for_until_an_abort();
    a_revoked_communicator_ends_what_is_queued_and_takes_no_more();
    what_is_late_is_in_progress_and_not_queued();
    faults_on_request();
    initialization_waits_for_all_and_knows_its_ids();
    misuse_shows();
    return finish("nccl");
}
