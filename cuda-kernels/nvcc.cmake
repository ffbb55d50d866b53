# gradsieve_nvcc_library(NAME DIRECTORY SOURCE...): lib<NAME>.so in DIRECTORY for real cards, where nvcc is found; else nothing is built.

find_program(GRADSIEVE_NVCC nvcc HINTS ENV CUDA_PATH PATHS /usr/local/cuda/bin DOC "CUDA's compiler; empty: kernels are emulated only")

function(gradsieve_nvcc_library name directory)
    if(NOT GRADSIEVE_NVCC)
        message(STATUS "no nvcc: kernels are built for the emulation alone")
        return()
    endif()
endfunction()
