# gradsieve_nvcc_library(NAME DIRECTORY SOURCE...): lib<NAME>.so in DIRECTORY for real cards, target NAME_nvcc, where nvcc is found; else
# nothing is built. Beside it ptxas.txt: registers, shared memory and spills of every kernel on every architecture. A spill, a warning, or
# a symbol that is not gs_cuda_* fails the build. The same sources give the same bytes, wherever they lie: stripped, since nvcc names its
# temporary files in the symbols; and nvcc's front end is told each source's path anew, relative, since the names of kernels in unnamed
# namespaces, which stay in the device's code, hold a hash of it.

find_program(GRADSIEVE_NVCC nvcc HINTS ENV CUDA_PATH PATH_SUFFIXES bin PATHS /usr/local/cuda DOC "CUDA's compiler; empty: kernels are emulated only")

# Every card since Turing, and PTX for those to come.
set(GRADSIEVE_CUDA_ARCHITECTURES 75 80 86 89 90 100 120 CACHE STRING "compute capabilities of the machine code")
set(GRADSIEVE_CUDA_PTX 75 90 CACHE STRING "compute capabilities of the PTX")

set(gradsieve_nvcc_dir ${CMAKE_CURRENT_LIST_DIR})

function(gradsieve_nvcc_library name directory)
    if(NOT GRADSIEVE_NVCC)
        message(STATUS "no nvcc: kernels are built for the emulation alone")
        return()
    endif()
    set(flags -std=c++17 -O3 --compress-mode=size -Xcompiler -fPIC,-fvisibility=hidden,-Wall,-Wextra,-Wno-unknown-pragmas
        -Xcompiler -ffile-prefix-map=${gradsieve_nvcc_dir}=cuda-kernels -Xptxas -v,-warn-spills,-warn-lmem-usage -Werror all-warnings)
    set(names "")
    foreach(architecture ${GRADSIEVE_CUDA_ARCHITECTURES})
        list(APPEND flags -gencode arch=compute_${architecture},code=sm_${architecture})
        list(APPEND names "\\\"sm_${architecture}\\\"")
    endforeach()
    foreach(architecture ${GRADSIEVE_CUDA_PTX})
        list(APPEND flags -gencode arch=compute_${architecture},code=compute_${architecture})
    endforeach()
    list(JOIN names ", " names)

    set(kernels ${ARGN})
    set(plain ${ARGN})
    list(FILTER kernels INCLUDE REGEX "\\.cu$")
    list(FILTER plain EXCLUDE REGEX "\\.cu$")
    add_library(${name}_nvcc_plain OBJECT ${plain})
    target_compile_definitions(${name}_nvcc_plain PRIVATE "GS_ARCHITECTURES=\"${names}\"")
    target_compile_options(${name}_nvcc_plain PRIVATE -fvisibility=hidden -Wno-unknown-pragmas)

    set(objects "")
    set(logs "")
    set(build ${CMAKE_CURRENT_BINARY_DIR}/nvcc)
    file(MAKE_DIRECTORY ${build})
    foreach(source ${kernels})
        get_filename_component(stem ${source} NAME_WE)
        get_filename_component(place ${source} ABSOLUTE)
        file(RELATIVE_PATH place ${gradsieve_nvcc_dir} ${place})
        add_custom_command(OUTPUT ${build}/${stem}.o ${build}/${stem}.log
            COMMAND sh ${gradsieve_nvcc_dir}/tools/compile.sh ${build}/${stem}.log
                ${GRADSIEVE_NVCC} ${flags} -Xcudafe --orig_src_path_name -Xcudafe ${place} -MD -MF ${build}/${stem}.d -c ${source} -o ${build}/${stem}.o
            DEPENDS ${source} ${gradsieve_nvcc_dir}/tools/compile.sh
            DEPFILE ${build}/${stem}.d
            COMMENT "nvcc ${stem}.cu" VERBATIM)
        list(APPEND objects ${build}/${stem}.o)
        list(APPEND logs ${build}/${stem}.log)
    endforeach()

    set(library ${directory}/lib${name}.so)
    set(table ${directory}/ptxas.txt)
    file(MAKE_DIRECTORY ${directory})
    add_custom_command(OUTPUT ${library} ${table}
        COMMAND sh ${gradsieve_nvcc_dir}/tools/ptxas-table.sh ${table} ${logs}
        COMMAND ${GRADSIEVE_NVCC} -shared -cudart shared -Xlinker -s -Xlinker -z,now -Xlinker -z,defs -Xlinker -soname,lib${name}.so
            -Xlinker --version-script=${gradsieve_nvcc_dir}/exports.map -Xlinker --exclude-libs,ALL
            -Xcompiler -static-libstdc++,-static-libgcc ${objects} $<TARGET_OBJECTS:${name}_nvcc_plain> -o ${library}
        COMMAND sh ${gradsieve_nvcc_dir}/tools/check-exports.sh ${CMAKE_NM} ${library}
        DEPENDS ${objects} ${logs} $<TARGET_OBJECTS:${name}_nvcc_plain> ${gradsieve_nvcc_dir}/exports.map
            ${gradsieve_nvcc_dir}/tools/ptxas-table.sh ${gradsieve_nvcc_dir}/tools/check-exports.sh
        COMMAND_EXPAND_LISTS VERBATIM COMMENT "Linking lib${name}.so by nvcc")
    add_custom_target(${name}_nvcc ALL DEPENDS ${library} ${table})
    add_dependencies(${name}_nvcc ${name}_nvcc_plain)
    set_target_properties(${name}_nvcc PROPERTIES GRADSIEVE_LIBRARY ${library})
endfunction()
