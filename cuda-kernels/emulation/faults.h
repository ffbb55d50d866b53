/* Calls that fail on request, counted for each function; in libcuda, which the other libraries are linked to. */
#ifndef GRADSIEVE_EMULATION_FAULTS_H
#define GRADSIEVE_EMULATION_FAULTS_H

extern "C" {
/* Counts a call of that function. 0: it goes on; else it fails with that code, `usual` where none was asked for. */
int gs_emulated_fault(const char* function, int usual);
}

#endif
