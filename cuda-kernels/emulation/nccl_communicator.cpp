#include "nccl_communicator.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "cuda_api.h"
#include "faults.h"
#include "library.h"
#include "runtime.h"

namespace gradsieve {
namespace {

const size_t CHUNK = 4096; /* numbers that are added at a time */
const char* const NAME = "ncclAllReduce";

size_t size_of(int type) { return type == ncclFloat64 ? sizeof(double) : sizeof(float); }

/* In the order of the ranks, in double: all have the same bits. */
template <typename Number>
bool add(const Meeting& meeting, uint64_t operation, size_t count, Number* to) {
    std::vector<double> sum(CHUNK);
    std::vector<Number> part(CHUNK);
    for (size_t from = 0; from < count; from += CHUNK) {
        const size_t many = std::min(CHUNK, count - from);
        std::fill(sum.begin(), sum.end(), 0.0);
        for (int rank = 0; rank < meeting.world(); rank++) {
            if (!meeting.take(rank, operation, from * sizeof(Number), part.data(), many * sizeof(Number))) return false;
            for (size_t i = 0; i < many; i++) sum[i] += part[i];
        }
        for (size_t i = 0; i < many; i++) to[from + i] = static_cast<Number>(sum[i]);
    }
    return true;
}

}  // namespace

/* Half of an operation: what it gives or what it takes. */
struct Communicator::Work {
    std::shared_ptr<Communicator> of;
    uint64_t number;
    AllReduce call;
    bool lost; /* never arrives */
};

Communicator::Communicator(std::shared_ptr<Meeting> meeting, int error, Time ready)
    : meeting_(std::move(meeting)), error_(error), ready_(ready) {}

int Communicator::state() {
    std::lock_guard<std::mutex> lock(lock_);
    advance();
    if (error_ != ncclSuccess) return error_;
    const bool busy = phase_ == Phase::INITIALIZING || phase_ == Phase::LAUNCHING || phase_ == Phase::FINALIZING || phase_ == Phase::REVOKING;
    return busy ? ncclInProgress : ncclSuccess;
}

void Communicator::advance() {
    if (error_ != ncclSuccess || std::chrono::steady_clock::now() < ready_) return;
    switch (phase_) {
        case Phase::INITIALIZING:
            if (meeting_->complete()) phase_ = Phase::READY;
            break;
        case Phase::LAUNCHING: launch(); break;
        case Phase::FINALIZING:
            if (alive_.load() == 0) meeting_->leave();
            if (meeting_->all_left()) phase_ = Phase::FINALIZED;
            break;
        case Phase::REVOKING:
            if (alive_.load() == 0) phase_ = Phase::REVOKED;
            break;
        default: break;
    }
}

int Communicator::refused(const char** why) {
    std::lock_guard<std::mutex> lock(lock_);
    *why = nullptr;
    if (error_ != ncclSuccess) return error_;
    if (phase_ == Phase::READY) return ncclSuccess;
    const bool over = phase_ == Phase::REVOKED || phase_ == Phase::REVOKING || phase_ == Phase::FINALIZED;
    *why = over ? "the communicator was finalized or revoked" : "what was begun before is in progress, ask for the state until it is not";
    return over ? ncclInvalidUsage : ncclInvalidArgument;
}

bool Communicator::reduce(std::vector<AllReduce> all, Time ready) {
    std::lock_guard<std::mutex> lock(lock_);
    launching_.insert(launching_.end(), all.begin(), all.end());
    phase_ = Phase::LAUNCHING;
    ready_ = ready;
    if (std::chrono::steady_clock::now() < ready) return true;
    launch();
    return false;
}

void Communicator::launch() {
    for (const AllReduce& one : launching_)
        if (error_ == ncclSuccess) error_ = queue(one);
    launching_.clear();
    phase_ = Phase::READY;
}

/* What is given is read when its turn comes on the stream and all before it have ended here; what is taken, when all have given. */
int Communicator::queue(const AllReduce& one) {
    const bool lost = gs_emulated_fault("ncclAllReduce.lost", 1) != 0;
    const uint64_t number = ++queued_;
    const size_t bytes = one.count * size_of(one.type);
    const gs_emulated_range from = {one.from, bytes, GS_READS}, to = {one.to, bytes, GS_WRITES};
    alive_ += 2;
    const int gives = gs_emulated_operation_when(one.stream, NAME, may_give, give, release,
                                                 new Work{shared_from_this(), number, one, lost}, &from, 1);
    const int takes = gs_emulated_operation_when(one.stream, NAME, may_take, take, release,
                                                 new Work{shared_from_this(), number, one, lost}, &to, 1);
    return gives == cudaSuccess && takes == cudaSuccess ? ncclSuccess : ncclUnhandledCudaError;
}

int Communicator::may_give(void* argument) {
    const Work& work = *static_cast<Work*>(argument);
    return work.of->dead() || work.of->done_.load() + 1 >= work.number;
}

int Communicator::may_take(void* argument) {
    const Work& work = *static_cast<Work*>(argument);
    return work.of->dead() || work.of->meeting_->all_gave(work.number);
}

void Communicator::give(void* argument) {
    const Work& work = *static_cast<Work*>(argument);
    const AllReduce& call = work.call;
    if (work.of->dead() || work.lost) return;
    if (!work.of->meeting_->give(work.number, {call.count, call.type}, call.from, call.count * size_of(call.type)))
        gs_emulated_report(cudaErrorUnknown, "`ncclAllReduce`: no memory is left to meet the other ranks in");
}

void Communicator::take(void* argument) {
    const Work& work = *static_cast<Work*>(argument);
    const AllReduce& call = work.call;
    const Meeting& meeting = *work.of->meeting_;
    if (work.of->dead()) {
        memset(call.to, 0xff, call.count * size_of(call.type)); /* NaN: who aborts has no result */
        return;
    }
    const Wanted wanted = {call.count, call.type};
    for (int rank = 0; rank < meeting.world(); rank++) {
        const Wanted& other = meeting.wanted(rank, work.number);
        if (other == wanted) continue;
        const std::string report = "`ncclAllReduce`: " + std::to_string(wanted.count) + " numbers of type " + std::to_string(wanted.type) +
                                   ", but rank " + std::to_string(rank) + " has " + std::to_string(other.count) + " of type " +
                                   std::to_string(other.type);
        gs_emulated_report(cudaErrorIllegalAddress, report.c_str());
        return;
    }
    const bool added = call.type == ncclFloat64 ? add(meeting, work.number, call.count, static_cast<double*>(call.to))
                                                : add(meeting, work.number, call.count, static_cast<float*>(call.to));
    if (!added) gs_emulated_report(cudaErrorUnknown, "`ncclAllReduce`: what another rank gave cannot be read");
    work.of->done_.store(work.number);
}

void Communicator::release(void* argument) {
    Work* const work = static_cast<Work*>(argument);
    work->of->alive_--;
    delete work;
}

void Communicator::finalize(Time ready) {
    std::lock_guard<std::mutex> lock(lock_);
    phase_ = Phase::FINALIZING;
    ready_ = ready;
}

bool Communicator::finalized() {
    std::lock_guard<std::mutex> lock(lock_);
    return phase_ == Phase::FINALIZED;
}

bool Communicator::revoke(Time ready) {
    std::lock_guard<std::mutex> lock(lock_);
    if (phase_ == Phase::INITIALIZING || phase_ == Phase::FINALIZING || phase_ == Phase::FINALIZED) return false;
    dead_.store(true);
    launching_.clear();
    error_ = ncclSuccess;
    phase_ = Phase::REVOKING;
    ready_ = ready;
    return true;
}

void Communicator::lose() {
    std::lock_guard<std::mutex> lock(lock_);
    if (error_ == ncclSuccess) error_ = ncclRemoteError;
}

void Communicator::abort() {
    dead_.store(true);
    while (alive_.load() > 0) usleep(200);
}

}  // namespace gradsieve
