# gradsieve_emulated_kernels(NAME BUILD DIRECTORY SOURCE...): library NAME_BUILD, lib<NAME>.so in DIRECTORY, of kernels compiled by g++.
# BUILD is
#   fast     as fast as it goes: pages that cannot be touched around memory, NaN in the unwritten, a drawn order of threads
#   checked  every access of the unchanged source passes kernel_check.cpp (the hooks that the compiler calls for the thread sanitizer, and
#            those of the undefined-behaviour sanitizer, are ours; neither runtime is linked)

set(gradsieve_emulation_dir ${CMAKE_CURRENT_LIST_DIR})
include(CheckCXXCompilerFlag)
check_cxx_compiler_flag(-march=native gradsieve_native)

set(gradsieve_machine_sources kernel_block.cpp kernel_fault.cpp kernel_fiber.cpp kernel_launch.cpp kernel_shared.cpp kernel_warp.cpp)
list(TRANSFORM gradsieve_machine_sources PREPEND ${gradsieve_emulation_dir}/)

# No contraction: a kernel that wants an fma says so. CUDA's compiler has no rules of aliasing.
set(gradsieve_kernel_options -x c++ -O2 -ffp-contract=off -fno-strict-aliasing -fno-math-errno -fvisibility=hidden -Wno-unknown-pragmas)
if(gradsieve_native)
    list(APPEND gradsieve_kernel_options -march=native) # fma without a call; these libraries run where they are built
endif()

function(gradsieve_machine build)
    if(TARGET gradsieve_machine_${build})
        return()
    endif()
    set(sources ${gradsieve_machine_sources})
    if(build STREQUAL checked)
        list(APPEND sources ${gradsieve_emulation_dir}/kernel_check.cpp ${gradsieve_emulation_dir}/kernel_undefined.cpp)
    endif()
    add_library(gradsieve_machine_${build} OBJECT ${sources})
    target_compile_options(gradsieve_machine_${build} PRIVATE -fvisibility=hidden -fno-strict-aliasing)
    target_compile_definitions(gradsieve_machine_${build} PRIVATE GS_EMULATED $<$<STREQUAL:${build},checked>:GS_CHECKED>)
endfunction()

function(gradsieve_emulated_kernels name build directory)
    gradsieve_machine(${build})
    set_source_files_properties(${ARGN} PROPERTIES LANGUAGE CXX)
    add_library(${name}_${build}_objects OBJECT ${ARGN})
    target_compile_definitions(${name}_${build}_objects PRIVATE GS_EMULATED $<$<STREQUAL:${build},checked>:GS_CHECKED>)
    target_compile_options(${name}_${build}_objects PRIVATE ${gradsieve_kernel_options})
    if(build STREQUAL checked)
        target_compile_options(${name}_${build}_objects PRIVATE -O1 -fsanitize=thread --param tsan-instrument-func-entry-exit=0
            -fsanitize=undefined -fno-sanitize=vptr)
    endif()
    add_library(${name}_${build} SHARED $<TARGET_OBJECTS:${name}_${build}_objects> $<TARGET_OBJECTS:gradsieve_machine_${build}>)
    set_target_properties(${name}_${build} PROPERTIES OUTPUT_NAME ${name} LIBRARY_OUTPUT_DIRECTORY ${directory}
        BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "\$ORIGIN")
    target_link_options(${name}_${build} PRIVATE -Wl,--version-script=${gradsieve_emulation_dir}/../exports.map $<$<NOT:$<BOOL:${GRADSIEVE_SANITIZE}>>:-Wl,-z,defs>)
    target_link_libraries(${name}_${build} PRIVATE emulated_cudart Threads::Threads)
    if(NOT directory STREQUAL GRADSIEVE_EMULATION_OUTPUT)
        # The other stand-ins beside it, so that one directory has all.
        add_custom_command(TARGET ${name}_${build} POST_BUILD COMMAND sh ${gradsieve_emulation_dir}/link-stand-ins.sh
            ${GRADSIEVE_EMULATION_OUTPUT} ${directory} VERBATIM)
        foreach(stand_in emulated_cuda emulated_cudart emulated_cublas emulated_cublaslt emulated_cudnn emulated_nccl)
            if(TARGET ${stand_in})
                add_dependencies(${name}_${build} ${stand_in})
            endif()
        endforeach()
    endif()
endfunction()
