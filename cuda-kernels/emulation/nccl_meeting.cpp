#include "nccl_meeting.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <map>
#include <mutex>

namespace gradsieve {

struct Meeting::Board {
    struct Place {
        std::atomic<int> taken{0}, left{0};
        std::atomic<uint64_t> given{0};
        Wanted wanted[2];
    };

    uint64_t key;
    std::atomic<int> world{0};
    Place places[MOST_RANKS];
};

namespace {

const uint64_t DATA = uint64_t{1} << 20, DATA_OF_OPERATION = uint64_t{1} << 36;

struct Id {
    char magic[8];
    uint64_t key;
    int process, file;
};
static_assert(sizeof(Id) <= NCCL_UNIQUE_ID_BYTES);
const char MAGIC[8] = "gs-nccl";

Id read(const ncclUniqueId& id) {
    Id known;
    memcpy(&known, id.internal, sizeof known);
    return known;
}

/* Files of the ids that this process made, while ranks may come. */
std::mutex kept_lock;
std::map<uint64_t, int> kept;

void keep_no_longer(uint64_t key) {
    std::lock_guard<std::mutex> lock(kept_lock);
    const auto found = kept.find(key);
    if (found == kept.end()) return;
    close(found->second);
    kept.erase(found);
}

off_t place_of(int rank, uint64_t operation) {
    return static_cast<off_t>(DATA + (2 * static_cast<uint64_t>(rank) + operation % 2) * DATA_OF_OPERATION);
}

}  // namespace

bool Meeting::found(ncclUniqueId* id) {
    const int file = memfd_create("gradsieve-nccl", MFD_CLOEXEC);
    if (file < 0) return false;
    Id made = {{}, 0, getpid(), file};
    memcpy(made.magic, MAGIC, sizeof MAGIC);
    void* memory = MAP_FAILED;
    if (getrandom(&made.key, sizeof made.key, 0) == static_cast<ssize_t>(sizeof made.key) && ftruncate(file, DATA) == 0)
        memory = mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) {
        close(file);
        return false;
    }
    (new (memory) Board)->key = made.key;
    munmap(memory, sizeof(Board));
    std::lock_guard<std::mutex> lock(kept_lock);
    kept[made.key] = file;
    memset(id, 0, sizeof *id);
    memcpy(id->internal, &made, sizeof made);
    return true;
}

std::shared_ptr<Meeting> Meeting::enter(const ncclUniqueId& id, int world, int rank, std::string* why) {
    const Id known = read(id);
    if (memcmp(known.magic, MAGIC, sizeof MAGIC) != 0) {
        *why = "no unique id of this library";
        return nullptr;
    }
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd/%d", known.process, known.file);
    const int file = open(path, O_RDWR | O_CLOEXEC);
    void* const memory = file < 0 ? MAP_FAILED : mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    Board* const board = static_cast<Board*>(memory);
    if (memory == MAP_FAILED || board->key != known.key) {
        if (memory != MAP_FAILED) munmap(memory, sizeof(Board));
        if (file >= 0) close(file);
        *why = "the process that made the unique id does not answer";
        return nullptr;
    }
    std::shared_ptr<Meeting> meeting(new Meeting(file, board, id, world, rank));
    int agreed = 0;
    if (!board->world.compare_exchange_strong(agreed, world) && agreed != world) {
        *why = "other ranks say that there are " + std::to_string(agreed);
        return nullptr;
    }
    if (board->places[rank].taken.exchange(1) != 0) {
        *why = "rank " + std::to_string(rank) + " is there twice";
        return nullptr;
    }
    return meeting;
}

Meeting::Meeting(int file, Board* board, const ncclUniqueId& id, int world, int rank)
    : file_(file), board_(board), id_(id), world_(world), rank_(rank) {}

Meeting::~Meeting() {
    keep_no_longer(read(id_).key);
    munmap(board_, sizeof(Board));
    close(file_);
}

bool Meeting::complete() {
    for (int rank = 0; rank < world_; rank++)
        if (board_->places[rank].taken.load() == 0) return false;
    keep_no_longer(read(id_).key);
    return true;
}

bool Meeting::give(uint64_t operation, const Wanted& wanted, const void* data, size_t bytes) {
    const char* const from = static_cast<const char*>(data);
    for (size_t at = 0; at < bytes;) {
        const ssize_t written = pwrite(file_, from + at, bytes - at, place_of(rank_, operation) + static_cast<off_t>(at));
        if (written <= 0) return false;
        at += static_cast<size_t>(written);
    }
    Board::Place& place = board_->places[rank_];
    place.wanted[operation % 2] = wanted;
    place.given.store(operation);
    return true;
}

bool Meeting::all_gave(uint64_t operation) const {
    for (int rank = 0; rank < world_; rank++)
        if (board_->places[rank].given.load() < operation) return false;
    return true;
}

const Wanted& Meeting::wanted(int rank, uint64_t operation) const { return board_->places[rank].wanted[operation % 2]; }

bool Meeting::take(int rank, uint64_t operation, size_t at, void* data, size_t bytes) const {
    char* const to = static_cast<char*>(data);
    for (size_t done = 0; done < bytes;) {
        const ssize_t got = pread(file_, to + done, bytes - done, place_of(rank, operation) + static_cast<off_t>(at + done));
        if (got <= 0) return false;
        done += static_cast<size_t>(got);
    }
    return true;
}

void Meeting::leave() { board_->places[rank_].left.store(1); }

bool Meeting::all_left() const {
    for (int rank = 0; rank < world_; rank++)
        if (board_->places[rank].left.load() == 0) return false;
    return true;
}

}  // namespace gradsieve
