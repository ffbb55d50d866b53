/* libnccl: sums over the ranks of communicators that do not block; nccl_communicator.h and nccl_meeting.h say how. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <map>

#include "faults.h"
#include "library.h"
#include "nccl_communicator.h"
#include "runtime.h"

using namespace gradsieve;

struct ncclComm {
    std::shared_ptr<Communicator> communicator;
    unsigned calls = 0;
};

namespace {

const char* const HANDLE = "NCCL communicator";
const int FOR_EVER = 600000; /* ms */
/* How long every other group is in progress, so that nobody relies on its being done. */
const std::chrono::milliseconds A_WHILE(2);

thread_local int depth = 0;
thread_local std::map<ncclComm_t, std::vector<Communicator::AllReduce>> group;
thread_local std::string last_words;

int refuse(int result, const std::string& words) {
    last_words = words;
    return result;
}

/* A use that would crash, hang or be undefined breaks the device. */
int misuse(int result, const std::string& words) {
    gs_emulated_report(999, words.c_str());
    return refuse(result, words);
}

/* When something is to be done that is late on request: `function.late:n:ms`. */
Communicator::Time when(const std::string& function) {
    return std::chrono::steady_clock::now() + std::chrono::milliseconds(gs_emulated_fault((function + ".late").c_str(), FOR_EVER));
}

/* What every call with a communicator checks first. */
int checked(const char* function, ncclComm_t handle) {
    if (const int code = gs_emulated_fault(function, ncclSystemError)) return refuse(code, std::string(function) + " fails as it was told to");
    if (!gs_emulated_is_open(handle, HANDLE)) return misuse(ncclInvalidArgument, std::string(function) + ": no communicator, or one that is gone");
    return ncclSuccess;
}

int begun(const char* function, ncclComm_t handle) {
    if (const int result = checked(function, handle)) return result;
    const char* why;
    const int result = handle->communicator->refused(&why);
    if (result == ncclSuccess) return result;
    const std::string words = std::string(function) + ": " + (why != nullptr ? why : "the communicator has failed");
    return result == ncclInvalidArgument ? misuse(result, words) : refuse(result, words);
}

std::shared_ptr<Communicator> gone(ncclComm_t handle) {
    const std::shared_ptr<Communicator> communicator = handle->communicator;
    gs_emulated_closed(handle, HANDLE);
    delete handle;
    return communicator;
}

bool usable(const ncclConfig_t& config) {
    return config.size == sizeof config && config.magic == NCCL_CONFIG_MAGIC && config.version == NCCL_VERSION_CODE &&
           config.blocking == 0;
}

/* What the engine has no reason to set must be undefined, not zero. */
bool undefined(const ncclConfig_t& config) {
    for (const int field : {config.cgaClusterSize, config.minCTAs, config.maxCTAs, config.splitShare, config.trafficClass,
                            config.collnetEnable, config.CTAPolicy, config.shrinkShare, config.nvlsCTAs, config.nChannelsPerNetPeer,
                            config.nvlinkCentricSched, config.graphUsageMode, config.numRmaCtx})
        if (field != NCCL_CONFIG_UNDEF_INT) return false;
    return config.netName == nullptr && config.commName == nullptr;
}

int launch() {
    int result = ncclSuccess;
    for (auto& entry : group) {
        auto ready = when("ncclAllReduce");
        if (entry.first->calls++ % 2 == 1) ready += A_WHILE;
        if (entry.first->communicator->reduce(std::move(entry.second), ready)) result = ncclInProgress;
    }
    group.clear();
    return result;
}

}  // namespace

extern "C" {

/* GRADSIEVE_NCCL_VERSION: another one, for instance 22501. */
int ncclGetVersion(int* version) {
    if (const int code = gs_emulated_fault("ncclGetVersion", ncclSystemError)) return code;
    if (version == nullptr) return ncclInvalidArgument;
    const char* const other = getenv("GRADSIEVE_NCCL_VERSION");
    *version = other != nullptr && *other != 0 ? atoi(other) : static_cast<int>(NCCL_VERSION_CODE);
    return ncclSuccess;
}

int ncclGetUniqueId(ncclUniqueId* id) {
    if (const int code = gs_emulated_fault("ncclGetUniqueId", ncclSystemError)) return code;
    if (id == nullptr) return ncclInvalidArgument;
    return Meeting::found(id) ? ncclSuccess : refuse(ncclSystemError, "no memory for a unique id");
}

int ncclCommInitRankConfig(ncclComm_t* communicator, int world, ncclUniqueId id, int rank, ncclConfig_t* config) {
    if (const int code = gs_emulated_fault("ncclCommInitRankConfig", ncclSystemError)) return code;
    if (communicator == nullptr || config == nullptr || world < 1 || world > Meeting::MOST_RANKS || rank < 0 || rank >= world)
        return refuse(ncclInvalidArgument, "ncclCommInitRankConfig: world " + std::to_string(world) + ", rank " + std::to_string(rank));
    if (!usable(*config) || !undefined(*config))
        return misuse(ncclInvalidArgument, "ncclCommInitRankConfig: not the configuration of a communicator that does not block");
    std::string why;
    const std::shared_ptr<Meeting> meeting = Meeting::enter(id, world, rank, &why);
    if (meeting == nullptr) last_words = why;
    *communicator = new ncclComm;
    (*communicator)->communicator =
        std::make_shared<Communicator>(meeting, meeting == nullptr ? ncclRemoteError : ncclSuccess, when("ncclCommInitRankConfig"));
    gs_emulated_opened(*communicator, HANDLE);
    return ncclInProgress;
}

int ncclCommGetAsyncError(ncclComm_t communicator, int* state) {
    if (const int result = checked("ncclCommGetAsyncError", communicator)) return result;
    if (state == nullptr) return ncclInvalidArgument;
    if (gs_emulated_fault("ncclRemote.lost", 1) != 0) communicator->communicator->lose();
    *state = communicator->communicator->state();
    return ncclSuccess;
}

int ncclCommFinalize(ncclComm_t communicator) {
    if (const int result = begun("ncclCommFinalize", communicator)) return result;
    communicator->communicator->finalize(when("ncclCommFinalize"));
    return ncclInProgress;
}

int ncclCommDestroy(ncclComm_t communicator) {
    if (const int result = checked("ncclCommDestroy", communicator)) return result;
    if (!communicator->communicator->finalized())
        return misuse(ncclInvalidUsage, "ncclCommDestroy: before all ranks have finalized it hangs where one of them is gone");
    gone(communicator);
    return ncclSuccess;
}

/* Late on request; then the communicator is alive until it returns. */
int ncclCommAbort(ncclComm_t communicator) {
    if (const int result = checked("ncclCommAbort", communicator)) return result;
    const auto back = when("ncclCommAbort");
    while (std::chrono::steady_clock::now() < back) usleep(1000);
    gone(communicator)->abort();
    return ncclSuccess;
}

int ncclCommRevoke(ncclComm_t communicator, int flags) {
    if (const int result = checked("ncclCommRevoke", communicator)) return result;
    if (flags != 0) return refuse(ncclInvalidArgument, "ncclCommRevoke: flags " + std::to_string(flags));
    if (!communicator->communicator->revoke(when("ncclCommRevoke")))
        return misuse(ncclInvalidArgument, "ncclCommRevoke: the communicator is not there yet, or finishes");
    return ncclInProgress;
}

int ncclAllReduce(const void* from, void* to, size_t count, int type, int operation, ncclComm_t communicator, void* stream) {
    if (const int result = begun("ncclAllReduce", communicator)) return result;
    if ((type != ncclFloat32 && type != ncclFloat64) || operation != ncclSum)
        return refuse(ncclInvalidArgument, "ncclAllReduce: type " + std::to_string(type) + ", operation " + std::to_string(operation));
    if (!gs_emulated_is_stream(stream)) return refuse(ncclInvalidArgument, "ncclAllReduce: no such stream");
    group[communicator].push_back({from, to, count, type, stream});
    return depth > 0 ? static_cast<int>(ncclSuccess) : launch();
}

int ncclGroupStart(void) {
    if (const int code = gs_emulated_fault("ncclGroupStart", ncclSystemError)) return code;
    depth++;
    return ncclSuccess;
}

int ncclGroupEnd(void) {
    if (depth == 0) return refuse(ncclInvalidUsage, "ncclGroupEnd without ncclGroupStart");
    if (--depth > 0) return ncclSuccess;
    if (const int code = gs_emulated_fault("ncclGroupEnd", ncclSystemError)) {
        group.clear();
        return code;
    }
    return launch();
}

const char* ncclGetErrorString(int result) {
    switch (result) {
        case ncclSuccess: return "no error";
        case ncclUnhandledCudaError: return "unhandled cuda error";
        case ncclSystemError: return "unhandled system error";
        case ncclInternalError: return "internal error";
        case ncclInvalidArgument: return "invalid argument";
        case ncclInvalidUsage: return "invalid usage";
        case ncclRemoteError: return "remote process exited or there was a network error";
        case ncclInProgress: return "NCCL operation in progress";
        default: return "unknown result code";
    }
}

const char* ncclGetLastError(ncclComm_t) { return last_words.c_str(); }
}
