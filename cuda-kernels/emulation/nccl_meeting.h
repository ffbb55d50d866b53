/*
 * Where the ranks of a unique id meet, threads of one process or processes of one machine: memory without a name, which the process
 * that made the id keeps open until all have come and the others open through /proc. So nothing is left behind by whoever is killed,
 * and an id is of no use once its process is gone.
 *
 *   0          Board
 *   1 MiB      what rank 0 gives to an operation with an even number; 64 GiB further to one with an odd number; then rank 1, ...
 *
 * An operation's place is written again two operations later: whoever begins that one has ended the one between, for which all had
 * to have read this one.
 */
#ifndef GRADSIEVE_EMULATION_NCCL_MEETING_H
#define GRADSIEVE_EMULATION_NCCL_MEETING_H

#include <stdint.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "nccl_api.h"

namespace gradsieve {

/* What a rank wants of an operation; all must want the same. */
struct Wanted {
    uint64_t count;
    int type;

    bool operator==(const Wanted& other) const { return count == other.count && type == other.type; }
};

class Meeting {
public:
    static const int MOST_RANKS = 64;

    /* A new one, kept open by this process; false where the system has no memory for it. */
    static bool found(ncclUniqueId* id);
    /* NULL: it cannot be entered, `why` says the reason. */
    static std::shared_ptr<Meeting> enter(const ncclUniqueId& id, int world, int rank, std::string* why);
    Meeting(const Meeting&) = delete;
    ~Meeting();

    int world() const { return world_; }
    /* Whether all ranks have come. If so, nobody else can. */
    bool complete();
    /* The operations of a rank are numbered from 1. False: the memory is full. */
    bool give(uint64_t operation, const Wanted& wanted, const void* data, size_t bytes);
    bool all_gave(uint64_t operation) const;
    const Wanted& wanted(int rank, uint64_t operation) const;
    bool take(int rank, uint64_t operation, size_t at, void* data, size_t bytes) const;
    void leave();
    bool all_left() const;

private:
    struct Board;

    Meeting(int file, Board* board, const ncclUniqueId& id, int world, int rank);

    const int file_;
    Board* const board_;
    const ncclUniqueId id_;
    const int world_, rank_;
};

}  // namespace gradsieve

#endif
