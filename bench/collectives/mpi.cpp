/*
 * A side of the comparison: two processes under mpirun sum floats. For each line that rank 0 reads it prints the seconds of one
 * all-reduce, the median of five. Between lines nobody takes processor time: MPI would wait in a loop. mpi BYTES
 */
#include <mpi.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

int main(int count, char** arguments) {
    MPI_Init(&count, &arguments);
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    std::vector<float> values(static_cast<size_t>(atoll(arguments[1])) / sizeof(float));
    for (;;) {
        char line[16];
        int more = 0, there = 0;
        if (rank == 0) {
            more = fgets(line, sizeof line, stdin) != nullptr;
            MPI_Send(&more, 1, MPI_INT, 1, 0, MPI_COMM_WORLD);
        } else {
            while (!there) {
                usleep(1000);
                MPI_Iprobe(0, 0, MPI_COMM_WORLD, &there, MPI_STATUS_IGNORE);
            }
            MPI_Recv(&more, 1, MPI_INT, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        }
        if (!more) break;
        double seconds[5];
        for (double& one : seconds) {
            MPI_Barrier(MPI_COMM_WORLD);
            const double start = MPI_Wtime();
            MPI_Allreduce(MPI_IN_PLACE, values.data(), static_cast<int>(values.size()), MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
            MPI_Barrier(MPI_COMM_WORLD);
            one = MPI_Wtime() - start;
        }
        std::sort(seconds, seconds + 5);
        if (rank == 0) {
            printf("%.9f\n", seconds[2]);
            fflush(stdout);
        }
    }
    MPI_Finalize();
}
